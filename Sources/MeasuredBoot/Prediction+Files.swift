internal import Vocabulary

extension Prediction {
  /// Replaces a kernel that a boot loader or the firmware loads.
  ///
  /// The firmware and shim measure it into PCR 4, by its Authenticode hash; GRUB into PCR 9, by its
  /// content.
  ///
  /// - Parameters:
  ///   - new: the kernel's file; it is a PE image.
  ///   - old: the file that was booted; nil to find it by the paths that the log has.
  /// - Throws: `OperatorError`: `pe.malformed`, `predict.not-measured`, `predict.ambiguous`.
  package mutating func replaceKernel(_ new: [UInt8], old: [UInt8]?) throws {
    let image = try PEImage(new, of: "the new kernel").authenticode(bank)
    let content = bank.digest(of: new)
    let hint = "name the kernel that was booted: --old-kernel"
    if let old {
      let oldImage = try PEImage(old, of: "the old kernel").authenticode(bank)
      let oldContent = bank.digest(of: old)
      let count =
        replace("kernel", by: image) { $0.isImage && $0.digest == oldImage }
        + replace("kernel", by: content) { $0.isGrubFile && $0.digest == oldContent }
      guard count > 0 else { throw Self.notMeasured("kernel", hint: hint) }
      return
    }
    let isKernel = { (measurement: Measurement) in
      guard let name = measurement.fileName else { return false }
      return ["vmlinuz", "linux", "kernel"].contains { name.hasPrefix($0) }
    }
    try refuseAmbiguity("kernel", hint, where: isKernel)
    let started = replace("kernel", by: image) { $0.isImage && isKernel($0) }
    let read = replace("kernel", by: content) { $0.isGrubFile && isKernel($0) }
    guard started + read > 0, started > 0 || !isStale(4, [image], where: \.isImage) else {
      throw Self.notMeasured("kernel", hint: hint)
    }
  }

  /// Replaces an initrd, which GRUB and the Linux EFI stub measure into PCR 9.
  ///
  /// - Parameters:
  ///   - new: the file.
  ///   - old: the file that was booted; nil to find it by what the log says.
  /// - Throws: `OperatorError`: `predict.not-measured`, `predict.ambiguous`.
  package mutating func replaceInitrd(_ new: [UInt8], old: [UInt8]?) throws {
    let content = bank.digest(of: new)
    let oldContent = old.map { bank.digest(of: $0) }
    let hint = "name the initrd that was booted: --old-initrd"
    let isInitrd = { (measurement: Measurement) in
      if let oldContent {
        return measurement.digest == oldContent
          && (measurement.isGrubFile || measurement.what == .linuxInitrd)
      }
      guard measurement.isGrubFile else { return measurement.what == .linuxInitrd }
      return ["initrd", "initramfs"].contains { measurement.fileName?.hasPrefix($0) == true }
    }
    try refuseAmbiguity("initrd", hint, where: isInitrd)
    let count = replace("initrd", by: content, where: isInitrd)
    guard count > 0, !isStale(9, [content], where: { $0.what == .linuxInitrd }) else {
      throw Self.notMeasured("initrd", hint: hint)
    }
  }

  /// Replaces another file that GRUB reads, its configuration for example.
  ///
  /// - Throws: `OperatorError` `predict.not-measured`.
  package mutating func replaceFile(_ new: [UInt8], old: [UInt8], called name: String) throws {
    let (new, old) = (bank.digest(of: new), bank.digest(of: old))
    guard replace(name, by: new, where: { $0.isGrubFile && $0.digest == old }) > 0 else {
      throw Self.notMeasured(name, hint: "the old file must be as it was at the last boot")
    }
  }

  /// Refuses where several things fit a description, of which only one is to be replaced.
  private func refuseAmbiguity(
    _ component: String, _ hint: String, where isIt: (Measurement) -> Bool
  ) throws {
    let found = measurements.filter(isIt)
    for pcr in [4, 9] {
      let digests = Set(found.filter { $0.event.pcr == pcr }.map(\.digest))
      guard digests.count < 2 else {
        throw OperatorError(
          "predict.ambiguous", .mismatch,
          "\(digests.count) events of PCR \(pcr) may have measured the \(component)", hint: hint)
      }
    }
  }
}

extension Prediction.Measurement {
  /// Whether it is of a PE image that was loaded.
  var isImage: Bool { if case .image? = what { true } else { false } }

  /// Whether it is of a file that GRUB read.
  var isGrubFile: Bool { if case .grubFile? = what { true } else { false } }

  /// The name of the file that was measured, where the log has it.
  fileprivate var fileName: String? {
    switch what {
    case .image(let path): path.map { BinaryText.fileName($0) }
    case .grubFile(let path): BinaryText.fileName(path)
    default: nil
    }
  }
}
