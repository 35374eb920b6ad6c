package import TrustedHardware
internal import Vocabulary

extension Prediction {
  /// Replaces a unified kernel image.
  ///
  /// PCR 11 is worked out from the image alone. The other PCRs need the old image: its Authenticode
  /// hash and its kernel's are in PCR 4, its initrd and command line may be in PCR 9.
  ///
  /// - Parameters:
  ///   - new: the image.
  ///   - old: the image that was booted; nil where PCR 11 alone is asked for.
  ///   - phase: when the volume is to be opened.
  /// - Throws: `OperatorError`: `pe.malformed`, `predict.not-measured`, `predict.incomplete`.
  package mutating func replaceImage(
    _ new: UnifiedKernelImage, old: UnifiedKernelImage?, until phase: BootPhase
  ) throws {
    let pcr = BootRecord.kernelImagePCR
    if pcrs.contains(pcr) {
      if let old { try checkOrder(old) }
      give(pcr, try new.kernelImagePCR(bank, until: phase), of: "unified kernel image")
    }
    guard let old else {
      guard pcrs.isSubset(of: [pcr]) else {
        throw Self.notMeasured(
          "unified kernel image",
          hint: "name the image that was booted, --old-uki, or predict PCR 11 alone")
      }
      return
    }
    let booted = old.image.authenticode(bank)
    let count = replace("unified kernel image", by: new.image.authenticode(bank)) {
      $0.isImage && $0.digest == booted
    }
    guard count > 0 || !pcrs.contains(4) else {
      throw Self.notMeasured("unified kernel image", hint: "name the image that was booted")
    }
    try replaceKernel(of: old, by: new)
    try replaceContent(of: old, by: new)
  }

  /// The stub hands its kernel to the firmware, which measures it, too.
  private mutating func replaceKernel(
    of old: UnifiedKernelImage, by new: UnifiedKernelImage
  ) throws {
    let kernels = try [old, new].map { image -> [UInt8]? in
      guard let content = try image.content(of: ".linux") else { return nil }
      return try? PEImage(content, of: "the kernel").authenticode(bank)
    }
    guard let booted = kernels[0] else { return }
    let isKernel = { (measurement: Measurement) in
      measurement.isImage && measurement.digest == booted
    }
    guard let next = kernels[1] else {
      guard !isStale(4, [], where: isKernel) else {
        throw Self.incomplete("the kernel in the new image, which is no PE image")
      }
      return
    }
    replace("kernel", by: next, where: isKernel)
  }

  /// The kernel's own stub measures the initrd, to which systemd-stub may have added files, and the
  /// command line.
  private mutating func replaceContent(
    of old: UnifiedKernelImage, by new: UnifiedKernelImage
  ) throws {
    if let booted = try old.content(of: ".initrd"), let next = try new.content(of: ".initrd"),
      booted != next
    {
      let (booted, next) = (bank.digest(of: booted), bank.digest(of: next))
      replace("initrd", by: next) { $0.what == .linuxInitrd && $0.digest == booted }
      guard !isStale(9, [next], where: { $0.what == .linuxInitrd }) else {
        throw Self.incomplete("the initrd, to which systemd-stub added files, in PCR 9")
      }
    }
    let lines = try [old, new].map { try $0.content(of: ".cmdline").map(Self.line) }
    if let booted = lines[0], let next = lines[1], booted != next {
      let (booted, next) = (
        bank.digest(of: BinaryText.utf16(booted, ended: true)),
        bank.digest(of: BinaryText.utf16(next, ended: true))
      )
      replace("command line", by: next) { $0.what == .linuxLoadOptions && $0.digest == booted }
      guard !isStale(9, [next], where: { $0.what == .linuxLoadOptions }) else {
        throw Self.incomplete("the command line that the kernel was given, in PCR 9")
      }
    }
  }

  /// Checks that the stub which was booted measures in the order that we know.
  private func checkOrder(_ old: UnifiedKernelImage) throws {
    let expected = try old.measurements(bank)
    let booted = measurements.filter { $0.event.pcr == BootRecord.kernelImagePCR }.map(\.digest)
    guard booted.starts(with: expected, by: { $0 == $1 }) else {
      throw Self.notMeasured(
        "unified kernel image",
        hint: "PCR 11 does not begin with its sections: is it the image that was booted?")
    }
  }

  /// What of a section is the command line: its text up to the first line end or zero.
  private static func line(_ section: [UInt8]) -> String {
    String(decoding: section.prefix { $0 != 0 && $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }

  private static func incomplete(_ what: String) -> OperatorError {
    OperatorError(
      "predict.incomplete", .mismatch, "cannot predict \(what)",
      hint: "predict PCR 11 alone, which systemd-stub measures everything in the image into")
  }
}

extension UnifiedKernelImage {
  /// What PCR 11 holds when the image was booted and a phase of the boot is reached.
  ///
  /// - Throws: `OperatorError` `pe.malformed`.
  package func kernelImagePCR(_ bank: PCRBank, until phase: BootPhase) throws -> [UInt8] {
    let words = phase.path.map { bank.digest(of: Array($0.utf8)) }
    return try (measurements(bank) + words).reduce(bank.reset(of: 11)) {
      bank.extend($0, by: $1)
    }
  }
}
