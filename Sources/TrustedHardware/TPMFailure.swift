internal import CTSS2
internal import Vocabulary

/// What a response code of the TPM or of the TSS means to an operator.
///
/// Source: TSS 2.0 Response Code API 1.0; TPM 2.0 Library Specification 1.59, part 2, section 6.6.
enum TPMFailure {
  /// - Parameters:
  ///   - deed: what was tried, as `read PCRs`.
  ///   - code: what came back.
  /// - Returns: `tpm.failed`.
  static func error(_ deed: String, _ code: TSS2_RC) -> OperatorError {
    OperatorError("tpm.failed", .failed, "cannot \(deed): \(text(code))")
  }

  /// The library's own words, with the number that other tools show.
  static func text(_ code: TSS2_RC) -> String {
    guard let words = unsafe Tss2_RC_Decode(code) else { return "0x\(String(code, radix: 16))" }
    return "\(unsafe String(cString: words)) (0x\(String(code, radix: 16)))"
  }
}
