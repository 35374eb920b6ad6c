internal import CTSS2
internal import Vocabulary

/// What a response code of the TPM or of the TSS means to an operator.
///
/// Source: TSS 2.0 Response Code API 1.0; TPM 2.0 Library Specification 1.59, part 2, section 6.6.
enum TPMFailure {
  /// - Parameters:
  ///   - deed: what was tried, as `read PCRs`.
  ///   - code: what came back.
  /// - Returns: `tpm.locked-out`, `tpm.wrong-pin`, `tpm.wrong-owner-auth`, `tpm.policy`,
  ///   `tpm.not-its-secret`, or `tpm.failed` for all else.
  static func error(_ deed: String, _ code: TSS2_RC) -> OperatorError {
    switch Meaning(code) {
    case .lockedOut:
      OperatorError(
        "tpm.locked-out", .failed,
        "cannot \(deed): the TPM is locked out after too many failed tries",
        hint: "wait until it forgets one, or reset it with lockoutAuth: tpm2_dictionarylockout -c")
    case .wrongAuthorization:
      OperatorError(
        "tpm.wrong-pin", .mismatch, "cannot \(deed): the PIN is wrong, and the TPM counts the try")
    case .wrongOwnerAuthorization:
      OperatorError(
        "tpm.wrong-owner-auth", .failed,
        "cannot \(deed): the owner hierarchy has an authorization value, which Coffer is not given",
        hint: "clear it with 'tpm2_changeauth -c owner -p OLD', or use a persistent parent: "
          + "--profile srk")
    case .policyFailed:
      OperatorError(
        "tpm.policy", .mismatch, "cannot \(deed): the PCRs are not those that it was sealed to")
    case .notItsSecret:
      OperatorError(
        "tpm.not-its-secret", .mismatch,
        "cannot \(deed): it was not sealed by this TPM under this parent: another TPM, or one that "
          + "was cleared",
        hint: "unlock with the recovery key, enroll anew, and retire the old keyslot")
    case .other:
      OperatorError("tpm.failed", .failed, "cannot \(deed): \(text(code))")
    }
  }

  /// Whether PCRs changed between the policy and its use, so that trying again may help.
  static func isPCRChange(_ code: TSS2_RC) -> Bool { code & 0xffff_0fff == 0x128 }

  /// The library's own words, with the number that other tools show.
  static func text(_ code: TSS2_RC) -> String {
    guard let words = unsafe Tss2_RC_Decode(code) else { return "0x\(String(code, radix: 16))" }
    return "\(unsafe String(cString: words)) (0x\(String(code, radix: 16)))"
  }

  private enum Meaning {
    case lockedOut, wrongAuthorization, wrongOwnerAuthorization, policyFailed, notItsSecret, other

    init(_ code: TSS2_RC) {
      guard code >> 16 == 0 else {
        self = .other
        return
      }
      // Format 1 says which parameter or session it is about; that is of no interest here.
      switch (code, code & 0xbf) {
      case (0x921, _): self = .lockedOut
      case (_, 0x8e) where code & 0x80 != 0: self = .wrongAuthorization
      case (_, 0xa2) where code & 0x80 != 0: self = .wrongOwnerAuthorization
      case (_, 0x9d) where code & 0x80 != 0: self = .policyFailed
      case (_, 0x9f) where code & 0x80 != 0: self = .notItsSecret
      default: self = .other
      }
    }
  }
}
