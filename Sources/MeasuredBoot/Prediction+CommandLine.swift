internal import TrustedHardware
internal import Vocabulary

extension Prediction {
  /// Replaces the kernel's command line.
  ///
  /// - GRUB measures it into PCR 8, path of the kernel first, once as the line and once in the
  ///   command `linux`: both texts are as GRUB says them in the log.
  /// - systemd-boot and systemd-stub measure it into PCR 12, in UTF-16.
  /// - The Linux EFI stub measures its load options into PCR 9, and does not say them: the old line
  ///   must be given, or be in PCR 12, for its form to be known.
  ///
  /// - Parameters:
  ///   - new: the line.
  ///   - old: the line of the last boot; nil to find it in the log.
  /// - Throws: `OperatorError`: `predict.not-measured`; `predict.ambiguous`; `predict.incomplete`
  ///   where GRUB measured a text that has the old line in it and cannot be replaced.
  package mutating func replaceCommandLine(_ new: String, old: String?) throws {
    let hint = "name the command line of the last boot: --old-cmdline"
    let bank = bank
    let lines = Set(measurements.compactMap { $0.commandLine(bank) })
    guard old != nil || lines.count < 2 else {
      throw OperatorError(
        "predict.ambiguous", .mismatch, "the log has \(lines.count) command lines", hint: hint)
    }
    guard let old = old ?? lines.first else { throw Self.notMeasured("command line", hint: hint) }
    let component = "command line"
    var count = replace(component, by: bank.digest(of: Array(new.utf8))) {
      $0.what == .kernelCommandLine(old) && $0.commandLine(bank) != nil
    }
    for command in ["linux", "linuxefi", "linux16"] {
      let said = "\(command) \(old)"
      count += replace(component, by: bank.digest(of: Array("\(command) \(new)".utf8))) {
        $0.what == .grubCommand(said) && $0.digest == bank.digest(of: Array(said.utf8))
      }
    }
    let written = bank.digest(of: BinaryText.utf16(new, ended: true))
    count += replace(component, by: written) {
      $0.what == .loadOptions(old) && $0.commandLine(bank) != nil
    }
    var current = [written]
    for ended in [true, false] {
      let options = bank.digest(of: BinaryText.utf16(old, ended: ended))
      current.append(bank.digest(of: BinaryText.utf16(new, ended: ended)))
      count += replace(component, by: current[current.count - 1]) {
        $0.what == .linuxLoadOptions && $0.digest == options
      }
    }
    guard count > 0, !isStale(9, current, where: { $0.what == .linuxLoadOptions }) else {
      throw Self.notMeasured(component, hint: hint)
    }
    try refuseLeftovers(of: old, new)
  }

  /// GRUB measures menu entries whole, and each command: what has the old line in it will be another,
  /// and where the kernel has another path, so has the initrd most likely.
  private func refuseLeftovers(of old: String, _ new: String) throws {
    guard old != new, pcrs.contains(8) else { return }
    let words = old.split(separator: " ")
    let isElsewhere = words.first != new.split(separator: " ").first
    let leftover = measurements.contains { measurement in
      guard case .grubCommand(let text)? = measurement.what,
        measurement.digest == measurement.event.digests[bank]
      else { return false }
      let said = text.split { " \t\n".contains($0) }
      guard !said.contains(words) else { return true }
      return isElsewhere
        && (words.first.map(said.contains) == true || said.first?.hasPrefix("initrd") == true)
    }
    guard !leftover else {
      throw OperatorError(
        "predict.incomplete", .mismatch,
        "GRUB measured commands into PCR 8 that will change with the command line, and what they "
          + "will be is not known", hint: "predict without PCR 8")
    }
  }
}

extension Prediction.Measurement {
  /// The command line that was measured, where the log says it and the digest agrees.
  fileprivate func commandLine(_ bank: PCRBank) -> String? {
    switch what {
    case .kernelCommandLine(let line):
      event.digests[bank] == bank.digest(of: Array(line.utf8)) ? line : nil
    case .loadOptions(let line): event.digests[bank] == bank.digest(of: event.data) ? line : nil
    default: nil
    }
  }
}
