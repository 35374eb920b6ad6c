package import MeasuredBoot
internal import SecretMemory
package import TrustedHardware

/// Who opens tokens of systemd: a TPM, and the signatures that vouch for its PCRs.
package struct TokenOpener: Sendable {
  let tpm: TPMAddress
  private let signatures: PCRSignatureFile?

  /// - Parameters:
  ///   - tpm: who gives the secrets; each token is opened in a fresh connection.
  ///   - signatures: by which signed policies are met; nil where there are none.
  package init(_ tpm: TPMAddress, signatures: PCRSignatureFile?) {
    self.tpm = tpm
    self.signatures = signatures
  }

  /// Opens a token.
  ///
  /// - Parameters:
  ///   - token: whose keyslot is meant.
  ///   - pin: asked for only where the token has one.
  /// - Returns: the passphrase of its keyslot, 44 letters.
  /// - Throws: as `SystemdTPM2Token.passphrase`, and `tpm.unreachable`.
  func passphrase(of token: SystemdTPM2Token, pin: () throws -> PIN) throws -> SecretBytes {
    try token.passphrase(from: tpm.connect(), signatures: signatures, pin: pin)
  }
}
