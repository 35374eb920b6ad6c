package import SecretMemory
package import TrustedHardware
internal import Vocabulary

/// Adds a keyslot for a recovery key, which counts once it has been typed back.
package struct RecoveryKeyEnrollment: Sendable {
  /// How often it may be typed wrongly.
  private static let tries = 3

  private let editor: VolumeEditor

  /// - Parameter editor: the volume.
  package init(_ editor: VolumeEditor) {
    self.editor = editor
  }

  /// Draws a key and adds its keyslot.
  ///
  /// - Parameters:
  ///   - key: the volume key.
  ///   - place: where the keyslot and its token go.
  ///   - show: hands the key over to who will keep it.
  ///   - typed: asks for it again.
  /// - Throws: `OperatorError` `recovery.not-typed-back`, or what the volume fails with; the keyslot is
  ///   gone then.
  package func apply(
    with key: borrowing VolumeKey, at place: FreePlace,
    show: (borrowing RecoveryKey) throws -> Void, typed: () throws -> SecretBytes
  ) throws {
    let recovery = RecoveryKey()
    let slot = SealedKeyslot(
      token: RecoveryKey.token(of: place.keyslot),
      passphrase: recovery.text.withBytes { SecretBytes(copying: $0) })
    try editor.add(slot, at: place, for: key) { token in
      guard case .systemdRecovery = token.kind else {
        throw OperatorError("luks.unproven", .mismatch, "the token reads back as another one")
      }
      try show(recovery)
      for _ in 0..<Self.tries {
        guard let again = RecoveryKey(typed: try typed()), again.matches(recovery) else { continue }
        return again.text.withBytes { SecretBytes(copying: $0) }
      }
      throw OperatorError(
        "recovery.not-typed-back", .mismatch,
        "the recovery key was not typed back as it was shown; it does not count, and its keyslot is "
          + "gone again",
        hint: "run it again, and write the key down before typing it")
    }
  }
}
