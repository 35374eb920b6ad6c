import Foundation
import ProofTools
import Testing

@testable import Recipients

@Suite("Post-quantum files")
struct HybridTests {
  private static let hasAge = StockTool.isInstalled("age")

  /// An identity that `coffer-age keygen --pq` made, in both its forms.
  private struct Keys {
    let recipient: String
    let secret: String
    let forPlugin: String

    init(in folder: borrowing ScratchFolder) throws {
      let made = try cofferAge(["keygen", "--pq", "-o", folder.path(of: "identity")])
      #expect(made.status == 0, "\(made)")
      let words = try folder.readText("identity").split(whereSeparator: \.isWhitespace)
      recipient = String(try #require(words.first { $0.hasPrefix("age1pq1") }))
      // The comments name both forms, with three dots for the rest.
      secret = String(
        try #require(words.first { $0.hasPrefix("AGE-SECRET-KEY-PQ-1") && !$0.hasSuffix("…") }))
      forPlugin = String(try #require(words.last { $0.hasPrefix("AGE-PLUGIN-PQ-1") }))
    }
  }

  /// A search path on which age finds our plugin before anything else.
  private func path(in folder: borrowing ScratchFolder) throws -> [String: String] {
    let plugins = folder.path(of: "plugins")
    try FileManager.default.createDirectory(atPath: plugins, withIntermediateDirectories: false)
    try FileManager.default.createSymbolicLink(
      atPath: plugins + "/age-plugin-pq",
      withDestinationPath: StockTool(built: "age-plugin-pq").path)
    return ["PATH": "\(plugins):/usr/bin:/bin"]
  }

  @Test(
    "what we seal, HPKE of Python's cryptography opens",
    .enabled(if: Oracles.python != nil, Oracles.absence),
    arguments: Plaintext.smallSizes + [16_777_217])
  func oursToPython(size: Int) throws {
    let folder = try ScratchFolder()
    let keys = try Keys(in: folder)
    let input = try Plaintext.write(size, in: folder)
    let (sealed, output) = (folder.path(of: "sealed"), folder.path(of: "out"))
    let ours = try cofferAge(["-r", keys.recipient, "-o", sealed, input])
    #expect(ours.status == 0, "\(ours)")
    let theirs = try Oracles.independent(["open", "hybrid", keys.secret, sealed, output])
    #expect(theirs.status == 0, "\(theirs)")
    #expect(try Plaintext.cameBack(in: folder))
  }

  @Test(
    "what it seals, we open", .enabled(if: Oracles.python != nil, Oracles.absence),
    arguments: Plaintext.smallSizes + [16_777_217])
  func pythonToOurs(size: Int) throws {
    let folder = try ScratchFolder()
    let keys = try Keys(in: folder)
    let input = try Plaintext.write(size, in: folder)
    let (sealed, output) = (folder.path(of: "sealed"), folder.path(of: "out"))
    let theirs = try Oracles.independent(["seal", keys.recipient, input, sealed])
    #expect(theirs.status == 0, "\(theirs)")
    let ours = try cofferAge(["-d", "-i", folder.path(of: "identity"), "-o", output, sealed])
    #expect(ours.status == 0, "\(ours)")
    #expect(try Plaintext.cameBack(in: folder))
  }

  @Test(
    "age opens what we seal, through age-plugin-pq", .enabled(if: hasAge, "age is not installed"),
    arguments: Plaintext.smallSizes)
  func oursToAge(size: Int) throws {
    let folder = try ScratchFolder()
    let keys = try Keys(in: folder)
    let input = try Plaintext.write(size, in: folder)
    let (sealed, output) = (folder.path(of: "sealed"), folder.path(of: "out"))
    let ours = try cofferAge(["-a", "-r", keys.recipient, "-o", sealed, input])
    #expect(ours.status == 0, "\(ours)")
    let identity = try folder.write(keys.forPlugin + "\n", to: "for-plugin")
    let theirs = try #require(StockTool("age")).run(
      ["-d", "-i", identity, "-o", output, sealed], environment: path(in: folder))
    #expect(theirs.status == 0, "\(theirs)")
    #expect(try Plaintext.cameBack(in: folder))
  }

  @Test(
    "age seals to age1pq1… through age-plugin-pq, and we open it",
    .enabled(if: hasAge, "age is not installed"), arguments: Plaintext.smallSizes)
  func ageToOurs(size: Int) throws {
    let folder = try ScratchFolder()
    let keys = try Keys(in: folder)
    let input = try Plaintext.write(size, in: folder)
    let (sealed, output) = (folder.path(of: "sealed"), folder.path(of: "out"))
    let theirs = try #require(StockTool("age")).run(
      ["-r", keys.recipient, "-o", sealed, input], environment: path(in: folder))
    #expect(theirs.status == 0, "\(theirs)")
    let ours = try cofferAge(["-d", "-i", folder.path(of: "identity"), "-o", output, sealed])
    #expect(ours.status == 0, "\(ours)")
    #expect(try Plaintext.cameBack(in: folder))
  }

  @Test(
    "age learns that a file is not for an identity of the plugin, and that a key is none",
    .enabled(if: hasAge, "age is not installed"))
  func notOurs() throws {
    let folder = try ScratchFolder()
    let other = try ScratchFolder()
    let (keys, others) = (try Keys(in: folder), try Keys(in: other))
    let environment = try path(in: folder)
    let age = try #require(StockTool("age"))
    let input = try Plaintext.write(1, in: folder)
    let sealed = folder.path(of: "sealed")
    #expect(try cofferAge(["-r", keys.recipient, "-o", sealed, input]).status == 0)
    let identity = try folder.write(others.forPlugin + "\n", to: "for-plugin")
    let opened = try age.run(["-d", "-i", identity, sealed], environment: environment)
    #expect(opened.status == 1 && opened.text.contains("no identity matched"), "\(opened)")

    // Rightly written, but its coefficients are larger than any of ML-KEM.
    let noKey = Bech32.text(of: [UInt8](repeating: 0xff, count: 1_216), name: "age1pq")
    let wrong = try age.run(["-r", noKey, input], environment: environment)
    #expect(wrong.status == 1 && wrong.text.contains("its key is none"), "\(wrong)")
  }

  @Test("the plugin turns an identity into the form that keygen wrote for it")
  func otherForm() throws {
    let folder = try ScratchFolder()
    let keys = try Keys(in: folder)
    let turned = try StockTool(built: "age-plugin-pq").run(
      ["--identity", folder.path(of: "identity")])
    #expect(turned.text == keys.forPlugin + "\n")
  }
}
