package import TrustedHardware
internal import Vocabulary

/// What an officer asks a keyslot to be sealed to.
package struct EnrollmentRequest: Sendable {
  /// For which systemd the token is written.
  package let profile: TokenProfile
  /// The PCRs.
  package let pcrs: Set<Int>
  /// Their bank.
  package let bank: PCRBank
  /// Whether a PIN is asked for.
  package let hasPIN: Bool
  /// PCRs that are meant to be as a reset leaves them.
  package let unextended: Set<Int>

  package init(
    profile: TokenProfile, pcrs: Set<Int>, bank: PCRBank, hasPIN: Bool, unextended: Set<Int> = []
  ) {
    self.profile = profile
    self.pcrs = pcrs
    self.bank = bank
    self.hasPIN = hasPIN
    self.unextended = unextended
  }

  /// Looks at a TPM, and says what a secret would be sealed to.
  ///
  /// - Parameter predicted: values to come, by index; the live ones are taken for the others.
  /// - Throws: `OperatorError` `enroll.no-policy`, `pcr.no-bank`, `pcr.missing`,
  ///   `pcr.never-extended`, `tpm.locked-out`, `tpm.lockout-near`, `tpm.failed`.
  package func sealing(
    by tpm: borrowing TPMConnection, predicted: [Int: [UInt8]] = [:]
  ) throws -> TokenSealing {
    guard hasPIN || !pcrs.isEmpty else {
      throw OperatorError(
        "enroll.no-policy", .usage,
        "without PCRs and without a PIN, whatever is booted on this machine would open the volume",
        hint: "name PCRs with --pcrs, or ask for a PIN with --pin")
    }
    try tpm.properties().lockout.requireRoomForSealing()
    let values = try PCRChoice(pcrs, of: bank, unextended: unextended)
      .values(in: tpm, predicted: predicted)
    return TokenSealing(profile: profile, bank: bank, values: values, hasPIN: hasPIN)
  }
}
