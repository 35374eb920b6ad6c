import MeasuredBoot
import ProofTools
import SecretMemory
import Testing
import TrustedHardware
import Vocabulary

/// What is predicted, held against the log of the boot that was predicted.
@Suite struct PredictionTests {
  private static let pcrs: Set = [0, 4, 7, 8, 9, 11, 12]

  @Test func withoutAnythingNewTheNextBootIsTheLast() throws {
    let log = try grub(.init())
    let prediction = try prediction(log)
    #expect(try prediction.values() == replay(log))
    #expect(prediction.replacements.isEmpty)
  }

  @Test(arguments: [true, false])
  func aKernelIsReplacedWhereGRUBAndShimMeasuredIt(isOldGiven: Bool) throws {
    let last = BootLogs.Grub()
    var next = last
    next.kernel = PEBuilder.image([(".text", Array("kernel 6.1.2, larger".utf8))])
    // shim tells no path of what it measures: without the old kernel PCR 4 is not to be predicted.
    let pcrs = isOldGiven ? Self.pcrs : [8, 9]
    var prediction = try prediction(grub(last), pcrs)
    try prediction.replaceKernel(next.kernel, old: isOldGiven ? last.kernel : nil)
    #expect(try prediction.values() == replay(grub(next), pcrs))
    #expect(prediction.replacements.map(\.component) == ["kernel"] + (isOldGiven ? ["kernel"] : []))
    guard !isOldGiven else { return }
    var whole = try self.prediction(grub(last))
    let refused = refusal { try whole.replaceKernel(next.kernel, old: nil) }
    #expect(refused?.code == "predict.not-measured")
  }

  @Test(arguments: [true, false])
  func anInitrdIsReplacedWhereGRUBMeasuredIt(isOldGiven: Bool) throws {
    let last = BootLogs.Grub()
    var next = last
    next.initrd = Array("initrd with another key".utf8)
    var prediction = try prediction(grub(last))
    try prediction.replaceInitrd(next.initrd, old: isOldGiven ? last.initrd : nil)
    #expect(try prediction.values() == replay(grub(next)))
  }

  @Test(arguments: [true, false])
  func aCommandLineIsReplacedInBothTextsThatGRUBMeasures(isOldGiven: Bool) throws {
    let last = BootLogs.Grub()
    var next = last
    next.line = "/vmlinuz-6.1.1 root=/dev/vda ro quiet mitigations=auto"
    var prediction = try prediction(grub(last))
    try prediction.replaceCommandLine(next.line, old: isOldGiven ? last.line : nil)
    #expect(try prediction.values() == replay(grub(next)))
  }

  @Test func grubsConfigurationIsReplacedAsAFile() throws {
    let last = BootLogs.Grub()
    var next = last
    next.configuration = Array("set timeout=1".utf8)
    var prediction = try prediction(grub(last))
    try prediction.replaceFile(
      next.configuration, old: last.configuration, called: "grub.cfg")
    #expect(try prediction.values() == replay(grub(next)))
  }

  @Test func aMenuEntryWithTheOldCommandLineMakesPCR8Unknown() throws {
    var last = BootLogs.Grub()
    last.menuEntry = "menuentry Debian {\n\tlinux\t/vmlinuz-6.1.1  root=/dev/vda ro quiet\n}"
    var prediction = try prediction(grub(last))
    let refused = refusal { try prediction.replaceCommandLine("/vmlinuz-6.1.1 ro", old: nil) }
    #expect(refused?.code == "predict.incomplete", "\(refused?.description ?? "accepted")")
    var others = try self.prediction(grub(last), [4, 9])
    try others.replaceCommandLine("/vmlinuz-6.1.1 ro", old: nil)
    #expect(try others.values() == replay(grub(last), [4, 9]))
  }

  @Test func anotherPathOfTheKernelMakesPCR8Unknown() throws {
    var prediction = try prediction(grub(.init()))
    let refused = refusal {
      try prediction.replaceCommandLine("/vmlinuz-6.1.2 root=/dev/vda ro quiet", old: nil)
    }
    #expect(refused?.code == "predict.incomplete", "\(refused?.description ?? "accepted")")
  }

  @Test func whatWasNotMeasuredIsRefused() throws {
    let other = PEBuilder.image([(".text", Array("another kernel".utf8))])
    let log = try grub(.init())
    for (name, work) in [
      ("kernel", { try $0.replaceKernel(other, old: other) }),
      ("initrd", { try $0.replaceInitrd([1], old: [2]) }),
      ("command line", { try $0.replaceCommandLine("new", old: "never booted") }),
      ("file", { try $0.replaceFile([1], old: [2], called: "grub.cfg") }),
    ] as [(String, (inout Prediction) throws -> Void)] {
      var prediction = try prediction(log)
      let refused = refusal { try work(&prediction) }
      #expect(refused?.code == "predict.not-measured", "\(name)")
    }
    // As 'qemu -kernel' boots: firmware alone measures.
    var bare = EventLogBuilder(banks: [.sha256])
    bare.firmware()
    for work in [
      { try $0.replaceKernel(other, old: nil) }, { try $0.replaceInitrd([1], old: nil) },
      { try $0.replaceCommandLine("new", old: nil) },
    ] as [(inout Prediction) throws -> Void] {
      var prediction = try prediction(bare)
      #expect(refusal { try work(&prediction) }?.code == "predict.not-measured")
    }
  }

  @Test func severalCandidatesAreRefusedUntilTheOldOneIsNamed() throws {
    var log = EventLogBuilder(banks: [.sha1, .sha256])
    for (name, content) in [("initrd.img-1", [1]), ("initrd.img-2", [2])] as [(String, [UInt8])] {
      log.grubFile("/boot/\(name)", content)
    }
    for line in ["/vmlinuz-1 ro", "/vmlinuz-2 ro"] { log.grub("kernel_cmdline", line) }
    var first = try prediction(log)
    #expect(refusal { try first.replaceInitrd([3], old: nil) }?.code == "predict.ambiguous")
    #expect(refusal { try first.replaceCommandLine("3", old: nil) }?.code == "predict.ambiguous")
    try first.replaceInitrd([3], old: [2])
    try first.replaceCommandLine("/vmlinuz-3 ro", old: "/vmlinuz-2 ro")
    var next = EventLogBuilder(banks: [.sha1, .sha256])
    for content in [1, 3] as [UInt8] { next.grubFile("/boot/initrd", [content]) }
    for line in ["/vmlinuz-1 ro", "/vmlinuz-3 ro"] { next.grub("kernel_cmdline", line) }
    #expect(try first.values() == replay(next))
  }

  /// A description is a claim; the digest tells.
  @Test func aDescriptionThatItsDigestDoesNotBearOutIsNotBelieved() throws {
    var log = EventLogBuilder(banks: [.sha256])
    log.measure([1], into: 8, type: 0xd, saying: Array("kernel_cmdline: /vmlinuz ro\0".utf8))
    var prediction = try prediction(log)
    let refused = refusal { try prediction.replaceCommandLine("/vmlinuz rw", old: nil) }
    #expect(refused?.code == "predict.not-measured")
  }

  @Test(arguments: [true, false])
  func theLinuxStubsMeasurementsAreReplaced(isEnded: Bool) throws {
    let (initrd, next) = (Array("initrd".utf8), Array("another initrd".utf8))
    let (line, nextLine) = ("root=/dev/vda ro", "root=/dev/vda rw")
    let log = efi(initrd, line, isEnded), expected = efi(next, nextLine, isEnded)
    var given = try prediction(log)
    try given.replaceInitrd(next, old: initrd)
    try given.replaceCommandLine(nextLine, old: line)
    #expect(try given.values() == replay(expected))
    // The text is in PCR 12 as well, where systemd-boot measured it.
    var found = try prediction(log)
    try found.replaceInitrd(next, old: nil)
    try found.replaceCommandLine(nextLine, old: nil)
    #expect(try found.values() == replay(expected))
    // An initrd that is not the one that was booted.
    var wrong = try prediction(log)
    #expect(refusal { try wrong.replaceInitrd(next, old: [1]) }?.code == "predict.not-measured")
  }

  @Test func loadOptionsWhoseOldTextIsNotKnownMakePCR9Unknown() throws {
    var log = EventLogBuilder(banks: [.sha256])
    log.linuxStub(0x8f3b_22ed, "LOADED_IMAGE::LoadOptions", [1, 2, 3])
    log.loadOptions("root=/dev/vda")
    var prediction = try prediction(log)
    let refused = refusal { try prediction.replaceCommandLine("new", old: nil) }
    #expect(refused?.code == "predict.not-measured")
    var others = try self.prediction(log, [12])
    try others.replaceCommandLine("new", old: nil)
    var next = EventLogBuilder(banks: [.sha256])
    next.loadOptions("new")
    #expect(try others.values() == replay(next, [12]))
  }

  @Test func aUnifiedKernelImageIsReplacedInAllPCRsThatItIsMeasuredInto() throws {
    func image(_ kernel: String, _ initrd: String, _ line: String) -> [UInt8] {
      PEBuilder.unifiedKernelImage([
        (".linux", PEBuilder.image([(".text", Array(kernel.utf8))])), (".osrel", [1]),
        (".cmdline", Array(line.utf8)), (".initrd", Array(initrd.utf8)),
      ])
    }
    func log(_ kernel: String, _ initrd: String, _ line: String) throws -> EventLogBuilder {
      var log = EventLogBuilder(banks: [.sha256])
      log.firmware()
      let whole = image(kernel, initrd, line)
      log.image([.sha256: try authenticode(whole)], path: "\\EFI\\Linux\\debian.efi")
      for (name, content) in [
        (".linux", PEBuilder.image([(".text", Array(kernel.utf8))])), (".osrel", [1]),
        (".cmdline", Array(line.utf8)), (".initrd", Array(initrd.utf8)),
      ] {
        log.measure(Array(name.utf8) + [0], into: 11, type: 0xd, saying: [])
        log.measure(content, into: 11, type: 0xd, saying: [])
      }
      log.image(
        [.sha256: try authenticode(PEBuilder.image([(".text", Array(kernel.utf8))]))], path: nil)
      log.linuxStub(0x8f3b_22ed, "LOADED_IMAGE::LoadOptions", EventLogBuilder.utf16(line))
      log.linuxStub(0x8f3b_22ec, "Linux initrd", Array(initrd.utf8))
      return log
    }
    let phase = BootPhase.enterInitrd
    let last = try log("6.1.1", "old initrd", "quiet")
    let new = try UnifiedKernelImage(image("6.1.2", "new initrd", "debug"), of: "new")
    let old = try UnifiedKernelImage(image("6.1.1", "old initrd", "quiet"), of: "old")
    var next = try log("6.1.2", "new initrd", "debug")
    next.measure(Array("enter-initrd".utf8), into: 11, type: 0xd, saying: [])
    var prediction = try prediction(last)
    try prediction.replaceImage(new, old: old, until: phase)
    #expect(try prediction.values() == replay(next))

    var blind = try self.prediction(last)
    #expect(
      refusal { try blind.replaceImage(new, old: nil, until: phase) }?.code
        == "predict.not-measured")
    var alone = try self.prediction(last, [11])
    try alone.replaceImage(new, old: nil, until: phase)
    #expect(try alone.values() == replay(next, [11]))
    var wrong = try self.prediction(last, [11])
    #expect(
      refusal { try wrong.replaceImage(old, old: new, until: phase) }?.code
        == "predict.not-measured")

    // systemd-stub adds files to the initrd: what the kernel then measures is not known.
    var added = try log("6.1.1", "old initrd", "quiet")
    added.linuxStub(0x8f3b_22ec, "Linux initrd", Array("old initrd and a credential".utf8))
    var unknown = try self.prediction(added)
    #expect(
      refusal { try unknown.replaceImage(new, old: old, until: phase) }?.code
        == "predict.incomplete")
  }

  @Test func systemdsLogIsReplayedAndPredictedUpToThePhase() throws {
    var firmware = EventLogBuilder(banks: [.sha256])
    firmware.firmware()
    firmware.measure([1], into: 11, type: 0xd, saying: [])
    var (whole, early) = (firmware, firmware)
    let steps = [
      (11, "phase", "enter-initrd"), (15, "volume-key", "cryptsetup:root:uuid"),
      (11, "phase", "leave-initrd"), (9, "os-separator", "os-separator"), (11, "phase", "sysinit"),
    ]
    var text = ""
    for (number, (pcr, type, said)) in steps.enumerated() {
      whole.measure(Array(said.utf8), into: pcr, type: 0xd, saying: [])
      if number == 0 { early.measure(Array(said.utf8), into: pcr, type: 0xd, saying: []) }
      let digest = Hexadecimal.encode(HashFunction.sha256.digest(of: Array(said.utf8)))
      text +=
        "\u{1e}{\"pcr\":\(pcr),\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":\"\(digest)\"}],"
        + "\"content_type\":\"systemd\",\"content\":{\"eventType\":\"\(type)\","
        + "\"string\":\"\(said)\",\"bootId\":\"b\",\"timestamp\":1}}\n"
    }
    text += "\u{1e}{\"nv_index\":27262977,\"digests\":[],\"content_type\":\"systemd\"}\n"
    let record = BootRecord(
      try EventLog(firmware.bytes, of: "log"), try UserspaceLog(Array(text.utf8), of: "log"))
    let pcrs: Set = [9, 11, 15]
    try record.check(replay(whole, pcrs), .sha256)
    #expect(refusal { try record.check(replay(early, pcrs), .sha256) } != nil)
    let initrd = try Prediction(record, .sha256, pcrs: pcrs, until: .enterInitrd)
    #expect(try initrd.values() == replay(early, pcrs))
    let sysinit = try #require(BootPhase("sysinit"))
    let later = try Prediction(record, .sha256, pcrs: pcrs, until: sysinit)
    #expect(try later.values() == replay(whole, pcrs))
  }

  @Test(arguments: [
    "{}", "\u{1e}", "\u{1e}[]\n", "\u{1e}{\"pcr\":24,\"digests\":[]}\n", "\u{1e}{\"pcr\":1}\n",
    "\u{1e}{\"pcr\":1,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":\"00\"}]}\n",
    "\u{1e}{\"pcr\":1,\"digests\":[{\"hashAlg\":\"sha256\"}]}\n", "\u{1e}{\"pcr\":1,",
  ])
  func whatIsNoLogOfSystemdsIsRefused(text: String) {
    let refused = refusal { _ = try UserspaceLog(Array(text.utf8), of: "log") }
    #expect(refused?.code == "eventlog.malformed")
  }

  private func grub(_ boot: BootLogs.Grub) throws -> EventLogBuilder {
    let image = try PEImage(boot.kernel, of: "kernel")
    return boot.log { $0 == .sha1 ? image.authenticode(.sha1) : image.authenticode(.sha256) }
  }

  /// systemd-boot, with a kernel and its initrd as files.
  private func efi(_ initrd: [UInt8], _ line: String, _ isEnded: Bool) -> EventLogBuilder {
    var log = EventLogBuilder(banks: [.sha1, .sha256])
    log.firmware()
    log.loadOptions(line)
    let options = EventLogBuilder.utf16(line)
    log.linuxStub(
      0x8f3b_22ed, "LOADED_IMAGE::LoadOptions", isEnded ? options : Array(options.dropLast(2)))
    log.linuxStub(0x8f3b_22ec, "Linux initrd", initrd)
    return log
  }

  private func authenticode(_ bytes: [UInt8]) throws -> [UInt8] {
    try PEImage(bytes, of: "image").authenticode(.sha256)
  }

  /// A prediction for the moment before the first word of systemd's, as these logs have none.
  private func prediction(_ log: EventLogBuilder, _ pcrs: Set<Int> = pcrs) throws -> Prediction {
    let before = try #require(BootPhase(":"))
    return try Prediction(
      BootRecord(EventLog(log.bytes, of: "log"), nil), .sha256, pcrs: pcrs, until: before)
  }

  private func replay(
    _ log: EventLogBuilder, _ pcrs: Set<Int> = pcrs
  ) throws -> [Int: [UInt8]] {
    try EventLog(log.bytes, of: "log").replay(.sha256).filter { pcrs.contains($0.key) }
  }
}
