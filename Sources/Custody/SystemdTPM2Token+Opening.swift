package import MeasuredBoot
package import SecretMemory
package import TrustedHardware
internal import Vocabulary

extension SystemdTPM2Token {
  /// Has the TPM give the passphrase of the token's keyslot: the sealed secret in Base64.
  ///
  /// - Parameters:
  ///   - tpm: a fresh connection.
  ///   - signatures: where a signed policy is looked up; nil where there are none.
  ///   - pin: asked for only where the token has one.
  /// - Returns: 44 letters.
  /// - Throws: `OperatorError` `token.unsupported`, `pin.missing`, `tpm.lockout-near` where a wrong
  ///   PIN would lock the TPM, or what the TPM fails with.
  package func passphrase(
    from tpm: borrowing TPMConnection, signatures: PCRSignatureFile? = nil, pin: () throws -> PIN
  ) throws -> SecretBytes {
    guard !isPCRLock, blobs.count == 1, policyHashes.count == 1,
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
    let signed = try signedStep(bank, tpm, signatures)
    let steps: [PolicyStep] =
      signed + (pcrs.isEmpty ? [] : [.pcrs(Set(pcrs), bank)]) + (hasPIN ? [.authValue] : [])
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

  /// The signature that vouches for the PCRs of now.
  ///
  /// - Throws: `OperatorError` `token.no-signature`, `policy-key.unusable`.
  private func signedStep(
    _ bank: PCRBank, _ tpm: borrowing TPMConnection, _ signatures: PCRSignatureFile?
  ) throws -> [PolicyStep] {
    guard !publicKeyPCRs.isEmpty else { return [] }
    let key = try RSAPublicKey(pem: publicKey ?? [], of: "the token")
    let values = try tpm.read(Set(publicKeyPCRs), of: bank)
    guard let policy = signatures?.policy(over: values, of: bank, by: key) else {
      let list = publicKeyPCRs.map(String.init).joined(separator: ", ")
      throw OperatorError(
        "token.no-signature", .mismatch,
        "no signature of the token's key \(key.fingerprint.hex) vouches for PCR \(list) as they are",
        hint: "name the file with --signature; 'coffer-custody luks sign-policy' makes one")
    }
    return [.signedPCRs(policy)]
  }
}
