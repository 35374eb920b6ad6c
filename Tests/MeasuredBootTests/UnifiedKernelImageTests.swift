import MeasuredBoot
import ProofTools
import Testing
import TrustedHardware
import Vocabulary

/// PCR 11 of unified kernel images, worked out here and by systemd-measure.
@Suite struct UnifiedKernelImageTests {
  private static let stub = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"
  private static let measure = StockTool("systemd-measure", in: ["/usr/lib/systemd"])

  /// systemd v252, `test/units/testsuite-70.sh`.
  @Test func theValueIsThatOfSystemdsOwnTest() throws {
    let image = try UnifiedKernelImage(
      PEBuilder.unifiedKernelImage([
        (".initrd", Array("foobar\n".utf8)), (".linux", Array("HALLO\n".utf8)),
      ]), of: "image")
    let phase = try #require(BootPhase(":"))
    #expect(
      Hexadecimal.encode(try image.kernelImagePCR(.sha256, until: phase))
        == "37b48bd0b222394dbe3cceff2fca4660c4b0a90ae9369ec90b42f14489989c13")
    #expect(
      Hexadecimal.encode(try image.kernelImagePCR(.sha1, until: phase))
        == "5177e4ad69db92192c10e5f80402bf81bfec8a81")
  }

  @Test(
    .enabled(
      if: Self.measure != nil && StockTool.isInstalled("objcopy")
        && (try? ScratchFolder.bytes(at: Self.stub)) != nil,
      "systemd-measure, systemd-boot-efi or binutils are not installed"))
  func theValuesOfARealImageAreThoseOfSystemdMeasure() throws {
    let folder = try ScratchFolder()
    var chance = SeededChance(for: "unified kernel image")
    let contents: [(String, [UInt8])] = [
      ("linux", PEBuilder.image([(".text", chance.bytes(3000))])),
      ("osrel", Array("ID=debian\n".utf8)), ("cmdline", Array("root=/dev/vda ro".utf8)),
      ("initrd", chance.bytes(70_001)), ("splash", chance.bytes(99)), ("dtb", chance.bytes(100)),
      ("pcrpkey", Array("-----BEGIN PUBLIC KEY-----\n".utf8)),
    ]
    var (sections, options): ([String], [String]) = ([], [])
    // In another order than that of the measurement.
    for (number, (name, content)) in contents.reversed().enumerated() {
      let path = try folder.write(content, to: name)
      let place = "0x\(String(0x100_0000 * (number + 1), radix: 16))"
      sections += [
        "--add-section", ".\(name)=\(path)", "--change-section-vma", ".\(name)=\(place)",
      ]
      options.append("--\(name)=\(path)")
    }
    let objcopy = try #require(StockTool("objcopy"))
    let made = try objcopy.run(sections + [Self.stub, folder.path(of: "uki")])
    try #require(made.status == 0, "\(made)")
    let image = try UnifiedKernelImage(folder.read("uki"), of: "uki")
    let measure = try #require(Self.measure)
    for bank in [PCRBank.sha1, .sha256, .sha384, .sha512] {
      for phase in [":", "enter-initrd", "leave-initrd", "sysinit", "ready", "enter-initrd:other"] {
        let phase = try #require(BootPhase(phase))
        let told = try measure.run(
          ["calculate", "--bank=\(bank.rawValue)", "--phase=\(phase.text)"] + options)
        let hex = Hexadecimal.encode(try image.kernelImagePCR(bank, until: phase))
        #expect(told.text.contains("11:\(bank.rawValue)=\(hex)"), "\(phase.text): \(told)")
      }
    }
  }

  @Test func theVersionOfTheStubDecidesOnSectionsThatOlderOnesDoNotKnow() throws {
    let sections = [(".linux", [1]), (".sbat", [2]), (".uname", [3])] as [(String, [UInt8])]
    func value(_ stub: String, _ count: Int) throws -> [UInt8] {
      try UnifiedKernelImage(
        PEBuilder.unifiedKernelImage(Array(sections.prefix(count)), stub: stub), of: "image"
      ).kernelImagePCR(.sha256, until: .enterInitrd)
    }
    #expect(try value("252.39-1", 3) == value("253", 1))
    #expect(try value("254.1", 3) != value("254.1", 1))
    #expect(try value("257~rc1", 3) != value("257~rc1", 2))
  }

  @Test func whatCannotBeToldIsRefused() throws {
    let linux: (String, [UInt8]) = (".linux", [1])
    for (name, bytes) in [
      ("no stub", PEBuilder.image([linux])),
      ("an old stub", PEBuilder.unifiedKernelImage([linux], stub: "251.1")),
      ("another stub", PEBuilder.unifiedKernelImage([linux], stub: "of mine")),
      ("no kernel", PEBuilder.unifiedKernelImage([(".initrd", [1])])),
      ("profiles", PEBuilder.unifiedKernelImage([linux, (".profile", [1])], stub: "257")),
      ("a choice", PEBuilder.unifiedKernelImage([linux, (".dtbauto", [1])], stub: "257")),
      ("two kernels", PEBuilder.unifiedKernelImage([linux, linux])),
    ] {
      let refused = refusal { _ = try UnifiedKernelImage(bytes, of: "image") }
      #expect(refused?.code == "uki.unsupported", "\(name): \(refused?.description ?? "accepted")")
    }
  }

  @Test func phasesAreReadAsSystemdWritesThem() {
    #expect(BootPhase("sysinit")?.path == ["enter-initrd", "leave-initrd", "sysinit"])
    #expect(BootPhase("enter-initrd:leave-initrd")?.path == ["enter-initrd", "leave-initrd"])
    #expect(BootPhase(":")?.path == [])
    #expect(BootPhase("") == nil && BootPhase("later") == nil && BootPhase("a b:c") == nil)
  }
}
