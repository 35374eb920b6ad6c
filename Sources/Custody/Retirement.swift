internal import TrustedHardware
internal import Vocabulary

/// Takes a keyslot away, where enough is left.
package struct Retirement: Sendable {
  private let editor: VolumeEditor

  /// - Parameter editor: the volume.
  package init(_ editor: VolumeEditor) {
    self.editor = editor
  }

  /// Asks whether a keyslot may go.
  ///
  /// - Throws: `OperatorError` `luks.no-keyslot`, `retire.last-way-in`, `retire.last-without-tpm`,
  ///   `retire.foreign`.
  package func check(_ keyslot: Int) throws {
    let volume = try editor.volume()
    guard let slot = volume.keyslots.first(where: { $0.number == keyslot }) else {
      throw OperatorError(
        "luks.no-keyslot", .failed, "\(volume.device) has no keyslot \(keyslot)",
        hint: "'luks status' shows those that it has")
    }
    let tokens = volume.tokens(of: keyslot)
    if let foreign = tokens.first(where: \.isForeign) {
      throw OperatorError(
        "retire.foreign", .refused,
        "token \(foreign.number) of type \(foreign.type.onOneLine) names keyslot \(keyslot); it is somebody "
          + "else's, and left alone",
        hint: "have the program that made it take it away, for example 'clevis luks unbind'")
    }
    guard slot.opensVolume else { return }
    let others = volume.waysIn.filter { $0.number != keyslot }
    guard !others.isEmpty else {
      throw OperatorError(
        "retire.last-way-in", .refused,
        "keyslot \(keyslot) is the last way into \(volume.device)")
    }
    guard others.contains(where: volume.needsNoTPM) || !volume.needsNoTPM(slot) else {
      throw OperatorError(
        "retire.last-without-tpm", .refused,
        "keyslot \(keyslot) is the last way into \(volume.device) that needs no TPM: if the TPM is "
          + "lost or cleared, so would be the data",
        hint: "make a recovery key before: coffer-custody luks recovery-key")
    }
  }

  /// Takes it away.
  ///
  /// - Parameters:
  ///   - keyslot: which.
  ///   - proofs: what has been opened for real since the volume was last changed; one of them is of
  ///     another keyslot.
  /// - Throws: as `check`, and `retire.unproven` where no other keyslot was opened.
  package func apply(_ keyslot: Int, provenBy proofs: [KeyslotProof]) throws {
    try check(keyslot)
    guard proofs.contains(where: { $0.keyslot != keyslot && $0.outcome == .opened }) else {
      throw OperatorError(
        "retire.unproven", .refused,
        "no other keyslot was opened for real, so keyslot \(keyslot) stays",
        hint: "name the TPM with --tcti, or give another keyslot's key with --unlock-key-file")
    }
    try editor.retire(keyslot)
  }
}

extension VolumeToken {
  fileprivate var isForeign: Bool {
    if case .foreign = kind { true } else { false }
  }
}
