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
  /// PCRs that a key vouches for; nil for none.
  package let signed: SignedPCRs?
  /// Whether a PIN is asked for.
  package let hasPIN: Bool
  /// PCRs that are meant to be as a reset leaves them.
  package let unextended: Set<Int>

  package init(
    profile: TokenProfile, pcrs: Set<Int>, bank: PCRBank, signed: SignedPCRs? = nil, hasPIN: Bool,
    unextended: Set<Int> = []
  ) {
    self.profile = profile
    self.pcrs = pcrs
    self.bank = bank
    self.signed = signed
    self.hasPIN = hasPIN
    self.unextended = unextended
  }

  /// Looks at a TPM, and says what a secret would be sealed to.
  ///
  /// - Parameters:
  ///   - tpm: who will seal.
  ///   - predicted: values to come, by index; the live ones are taken for the others.
  /// - Returns: what a token would be sealed to.
  /// - Throws: `OperatorError` `enroll.no-policy`, `pcr.no-bank`, `pcr.missing`,
  ///   `pcr.never-extended`, `tpm.locked-out`, `tpm.lockout-near`, `tpm.failed`.
  package func sealing(
    by tpm: borrowing TPMConnection, predicted: [Int: [UInt8]] = [:]
  ) throws -> TokenSealing {
    guard hasPIN || !pcrs.isEmpty || signed != nil else {
      throw OperatorError(
        "enroll.no-policy", .usage,
        "without PCRs and without a PIN, whatever is booted on this machine would open the volume",
        hint: "name PCRs with --pcrs, or ask for a PIN with --pin")
    }
    try tpm.properties().lockout.requireRoomForSealing()
    if let signed { try requireSignable(signed) }
    let values = try PCRChoice(pcrs, of: bank, unextended: unextended)
      .values(in: tpm, predicted: predicted)
    return TokenSealing(
      profile: profile, bank: bank, values: values, signed: signed, hasPIN: hasPIN)
  }

  /// systemd before 260 signs policies with the hash of the bank and checks them with SHA-256.
  private func requireSignable(_ signed: SignedPCRs) throws {
    guard bank == .sha256 else {
      throw OperatorError(
        "pcr-signature.bank", .usage, "signed policies are of the sha256 bank only",
        hint: "systemd before 260 checks signatures of no other bank")
    }
    let both = signed.pcrs.intersection(pcrs).sorted()
    guard both.isEmpty else {
      throw OperatorError(
        "enroll.pcr-twice", .usage,
        "PCR \(both.map(String.init).joined(separator: ", ")) cannot be both sealed to and signed: "
          + "no signature would open it when its value changes")
    }
  }
}
