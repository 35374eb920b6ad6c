internal import Vocabulary
package import SecretMemory
package import TrustedHardware

extension SystemdTPM2Token {
  /// Has the TPM give the passphrase of the token's keyslot: the sealed secret in Base64.
  ///
  /// - Parameters:
  ///   - tpm: a fresh connection.
  ///   - pin: asked for only where the token has one.
  /// - Throws: `OperatorError` `token.unsupported`, `pin.missing`, `tpm.lockout-near` where a wrong
  ///   PIN would lock the TPM, or what the TPM fails with.
  package func passphrase(
    from tpm: borrowing TPMConnection, pin: () throws -> PIN
  ) throws -> SecretBytes {
    guard publicKeyPCRs.isEmpty, !isPCRLock, blobs.count == 1, policyHashes.count == 1,
      let digest = Hexadecimal.decode(policyHashes[0]), let storage = parent.storage
    else {
      throw OperatorError(
        "token.unsupported", .failed,
        "Coffer does not open tokens of this kind: \(policy.map(\.rawValue).joined(separator: " + "))",
        hint: "systemd-cryptsetup does; nothing is wrong with the volume")
    }
    let lockout = try tpm.properties().lockout
    if hasPIN { try lockout.requireTry() }
    let bank = TPMState.bank(of: self, among: try tpm.banks())
    let steps: [PolicyStep] =
      (pcrs.isEmpty ? [] : [.pcrs(Set(pcrs), bank)]) + (hasPIN ? [.authValue] : [])
    let secret: SecretBytes
    if hasPIN {
      secret = try tpm.unseal(
        blobs[0], under: storage, steps: steps, digest: digest,
        authorization: pin().authorization(salt: salt))
    } else {
      secret = try tpm.unseal(
        blobs[0], under: storage, steps: steps, digest: digest, authorization: AuthorizationValue())
    }
    return secret.withBytes { Base64.encodeSecret($0, padding: .required) }
  }
}
