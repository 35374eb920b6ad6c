import MeasuredBoot
import ProofTools
import SecretMemory
import Testing
import TrustedHardware
import Vocabulary

/// PE images, hashed here and by tools that sign them.
@Suite struct PEImageTests {
  private static let stub = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"

  @Test(
    .enabled(
      if: StockTool.isInstalled("osslsigncode") && StockTool.isInstalled("openssl"),
      "osslsigncode or openssl are not installed"),
    arguments: [PCRBank.sha1, .sha256, .sha384, .sha512])
  func theHashIsThatWhichIsSigned(bank: PCRBank) throws {
    let folder = try ScratchFolder()
    let (key, certificate) = (folder.path(of: "key"), folder.path(of: "certificate"))
    try run(
      "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out",
      certificate, "-subj", "/CN=proof", "-days", "2")
    var images = [
      PEBuilder.image([(".text", [0xc3]), (".data", Array(repeating: 7, count: 5000))]),
      PEBuilder.image([(".text", Array(repeating: 9, count: 512))], wide: false),
      // Content after the sections.
      PEBuilder.image([(".text", [1, 2, 3])]) + Array(repeating: 0x5a, count: 64),
    ]
    // A real one, filled up as tools that sign do.
    if var stub = try? ScratchFolder.bytes(at: Self.stub) {
      stub += [UInt8](repeating: 0, count: (8 - stub.count % 8) % 8)
      images.append(stub)
    }
    for (number, image) in images.enumerated() {
      let plain = try folder.write(image, to: "plain\(number)")
      let signed = folder.path(of: "signed\(number)")
      try run(
        "osslsigncode", "sign", "-h", bank.rawValue, "-certs", certificate, "-key", key, "-in",
        plain, "-out", signed)
      // It does not trust the certificate, and says what it hashed all the same.
      let tool = try #require(StockTool("osslsigncode"))
      let told = try tool.run(["verify", "-in", signed]).text
      let hash = try PEImage(image, of: "plain").authenticode(bank)
      let hex = Hexadecimal.encode(hash).uppercased()
      #expect(told.contains("Calculated message digest : \(hex)"), "image \(number): \(told)")
      let again = try PEImage(folder.read("signed\(number)"), of: "signed").authenticode(bank)
      #expect(again == hash, "a signature changed the hash of image \(number)")
    }
  }

  @Test func whatIsNoImageIsRefused() throws {
    let good = PEBuilder.image([(".text", [1]), (".data", [2])])
    var cases: [(String, [UInt8])] = [
      ("empty", []), ("a header alone", Array(good.prefix(0x100))),
      ("a section cut off", Array(good.dropLast())), ("a script", Array("#!/bin/sh\n".utf8)),
    ]
    for (name, place, value) in [
      ("no MZ", 0, 0x4e), ("no PE", 0x41, 0x46), ("a wild start", 0x3f, 0xff),
      ("no optional header", 0x58, 0x0c), ("many sections", 0x47, 0xff),
      ("many directories", 0xc7, 0xff),
      ("a wild header size", 0x58 + 62, 0xff),
    ] as [(String, Int, UInt8)] {
      var bytes = good
      bytes[place] = value
      cases.append((name, bytes))
    }
    var overlapping = good
    let table = 0x58 + 112 + 128
    overlapping[table + 40 + 20...table + 40 + 23] = overlapping[table + 20...table + 23]
    cases.append(("overlapping sections", overlapping))
    var certificates = good
    certificates[0x58 + 112 + 32 + 6] = 0xff
    cases.append(("certificates outside", certificates))
    for (name, bytes) in cases {
      let refused = refusal { _ = try PEImage(bytes, of: "image") }
      #expect(refused?.code == "pe.malformed", "\(name): \(refused?.description ?? "accepted")")
    }
    _ = try PEImage(good, of: "image")
  }

  @Test func hostileImagesAreRefusedOrHashedAndNeverATrap() throws {
    var chance = SeededChance(for: "hostile PE images")
    let good = [
      PEBuilder.unifiedKernelImage([(".linux", Array(repeating: 3, count: 700)), (".initrd", [4])]),
      PEBuilder.image([(".text", [1])], wide: false),
    ]
    var (read, refused) = (0, 0)
    for turn in 0..<4000 {
      var bytes = good[turn % 2]
      if Int.random(in: 0..<4, using: &chance) == 0 {
        bytes.removeLast(Int.random(in: 0..<bytes.count, using: &chance))
      }
      let header = min(bytes.count, 0x400)
      for _ in 0..<Int.random(in: 0..<5, using: &chance) where header > 0 {
        bytes[Int.random(in: 0..<header, using: &chance)] =
          [0, 1, 0x7f, 0xff].randomElement(
            using: &chance) ?? 0
      }
      do {
        _ = try PEImage(bytes, of: "image").authenticode(.sha256)
        let image = try UnifiedKernelImage(bytes, of: "image")
        _ = try image.kernelImagePCR(.sha256, until: .enterInitrd)
        read += 1
      } catch let error as OperatorError {
        refused += 1
        #expect(["pe.malformed", "uki.unsupported"].contains(error.code), "\(error)")
      }
    }
    #expect(read > 100 && refused > 100, "\(read) read, \(refused) refused")
  }

  private func run(_ program: String, _ arguments: String...) throws {
    let tool = try #require(StockTool(program))
    let outcome = try tool.run(arguments)
    try #require(outcome.status == 0, "\(program): \(outcome)")
  }
}
