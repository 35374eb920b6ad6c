internal import SecretMemory
package import TrustedHardware
internal import Vocabulary

/// Adds a keyslot that a TPM opens, and proves it before it counts.
///
/// Order: the header has been backed up; slot added and opened by its passphrase; token written and
/// the header read again from the disk; secret unsealed in a fresh connection to the TPM; slot opened
/// by what came. Any failure takes the slot back.
package struct Enrollment: Sendable {
  private let editor: VolumeEditor
  private let opener: TokenOpener

  /// - Parameters:
  ///   - editor: the volume.
  ///   - opener: who seals, and by whom it is proven.
  package init(_ editor: VolumeEditor, by opener: TokenOpener) {
    self.editor = editor
    self.opener = opener
  }

  /// Does what was planned.
  ///
  /// - Parameters:
  ///   - plan: what was shown.
  ///   - key: the volume key.
  ///   - pin: asked for twice, for sealing and for the proof, where there is one.
  /// - Throws: `OperatorError` `pcr.moved`, `pin.unfit`, `luks.unproven`, or what volume or TPM fail
  ///   with.
  package func apply(
    _ plan: EnrollmentPlan, with key: borrowing VolumeKey, pin: () throws -> PIN
  ) throws {
    try requireSamePCRs(plan.sealing)
    let sealed = try seal(plan.sealing, for: plan.place.keyslot, pin: pin)
    try editor.add(sealed, at: plan.place, for: key) { try proof($0, pin: pin) }
  }

  /// Seals anew what a token sealed, to the PCR values of now, and has the old keyslot go when the new
  /// one is proven.
  ///
  /// - Parameters:
  ///   - old: the keyslot that goes.
  ///   - plan: what was shown.
  ///   - key: the volume key.
  ///   - pin: as in `apply`.
  /// - Throws: as `apply`.
  package func replace(
    _ old: Int, by plan: EnrollmentPlan, with key: borrowing VolumeKey, pin: () throws -> PIN
  ) throws {
    try requireSamePCRs(plan.sealing)
    let sealed = try seal(plan.sealing, for: plan.place.keyslot, pin: pin)
    try editor.add(sealed, at: plan.place, for: key, retiring: old) { try proof($0, pin: pin) }
  }

  /// Seals to PCR values to come, and leaves the old keyslot until the new one can be proven.
  ///
  /// - Parameters:
  ///   - plan: what was shown.
  ///   - old: the keyslot that goes then.
  ///   - key: the volume key.
  ///   - pin: asked for where there is one.
  /// - Throws: as `apply`.
  package func stage(
    _ plan: EnrollmentPlan, replacing old: Int, with key: borrowing VolumeKey,
    pin: () throws -> PIN
  ) throws {
    let sealed = try seal(plan.sealing, for: plan.place.keyslot, pin: pin)
    try editor.stage(sealed, at: plan.place, for: key, replacing: old)
  }

  private func seal(
    _ sealing: TokenSealing, for keyslot: Int, pin: () throws -> PIN
  ) throws -> SealedKeyslot {
    if sealing.hasPIN, sealing.profile.opensOn252, try pin().endsInZero {
      throw OperatorError(
        "pin.unfit", .refused,
        "of this PIN systemd 252 makes a value that the TPM does not take (its SHA-256 ends in a "
          + "zero byte); one PIN in 256 is like that",
        hint: "choose another PIN")
    }
    return try sealing.seal(for: keyslot, by: opener.tpm.connect(), pin: pin)
  }

  private func proof(_ token: VolumeToken, pin: () throws -> PIN) throws -> SecretBytes {
    guard let written = token.tpm2 else {
      throw OperatorError("luks.unproven", .mismatch, "the token reads back as another one")
    }
    return try opener.passphrase(of: written, pin: pin)
  }

  /// The values may have moved since the plan was shown.
  private func requireSamePCRs(_ sealing: TokenSealing) throws {
    guard !sealing.values.isEmpty else { return }
    let live = try opener.tpm.connect().read(Set(sealing.values.keys), of: sealing.bank)
    let moved = sealing.values.filter { live[$0.key] != $0.value }.keys.sorted()
    guard moved.isEmpty else {
      throw OperatorError(
        "pcr.moved", .refused,
        "PCR \(moved.map(String.init).joined(separator: ", ")) changed since the plan was made; "
          + "nothing was done",
        hint: "run it again, and look at what measures into it while the system runs")
    }
  }
}
