internal import CTSS2
internal import SecretMemory
internal import Vocabulary

/// Values of PCRs that a key has signed, as a TPM checks them.
///
/// Source: TPM 2.0 Library Specification 1.59, part 3, section 23.16 (PolicyAuthorize).
package struct SignedPCRPolicy: Sendable {
  /// The modulus of the RSA key, big-endian.
  package let modulus: [UInt8]
  /// The PCRs.
  package let pcrs: Set<Int>
  /// Their bank.
  package let bank: PCRBank
  /// The digest of the policy that asks for the values, 32 bytes.
  package let approved: [UInt8]
  /// RSASSA-PKCS1-v1_5 with SHA-256 over `approved`.
  package let signature: [UInt8]

  package init(
    modulus: [UInt8], pcrs: Set<Int>, bank: PCRBank, approved: [UInt8], signature: [UInt8]
  ) {
    self.modulus = modulus
    self.pcrs = pcrs
    self.bank = bank
    self.approved = approved
    self.signature = signature
  }
}

extension TPMConnection {
  /// Meets a signed policy: the PCRs are those that were signed, the signature is the key's, and the
  /// key takes the place of the values.
  func demand(_ signed: SignedPCRPolicy, in policy: borrowing TPMSession) throws {
    try demand(signed.pcrs, of: signed.bank, in: policy)
    guard try digest(of: policy) == signed.approved else {
      throw OperatorError(
        "tpm.policy", .mismatch, "the PCRs are not those that the signature vouches for")
    }
    let key = try load(verifier: signed.modulus)
    var ticket = try verify(signed, by: key)
    var approved = TPM2B_DIGEST(signed.approved)
    var ref = TPM2B_NONCE()
    var name = TPM2B_NAME()
    let bytes = try self.name(of: key)
    name.size = UInt16(bytes.count)
    unsafe withUnsafeMutableBytes(of: &name.name) { unsafe $0.copyBytes(from: bytes) }
    let result = unsafe Esys_PolicyAuthorize(
      context, policy.handle, coffer_no_session, coffer_no_session, coffer_no_session, &approved,
      &ref, &name, &ticket)
    guard result == 0 else { throw TPMFailure.error("meet a signed policy", result) }
  }

  /// The owner hierarchy, for a ticket of no hierarchy is worth nothing.
  private func load(verifier modulus: [UInt8]) throws -> LoadedObject {
    var area = Template.verifier(modulus: modulus)
    var handle: ESYS_TR = 0
    let result = unsafe Esys_LoadExternal(
      context, coffer_no_session, coffer_no_session, coffer_no_session, nil, &area, coffer_owner,
      &handle)
    guard result == 0 else { throw TPMFailure.error("load the key of a signed policy", result) }
    return unsafe LoadedObject(handle, in: context)
  }

  private func verify(
    _ signed: SignedPCRPolicy, by key: borrowing LoadedObject
  ) throws -> TPMT_TK_VERIFIED {
    var digest = TPM2B_DIGEST(SHA256Hasher.digest(of: signed.approved).bytes)
    var signature = TPMT_SIGNATURE()
    signature.sigAlg = coffer_alg_rsassa
    unsafe signature.signature.rsassa.hash = coffer_alg_sha256
    unsafe signature.signature.rsassa.sig.size = UInt16(signed.signature.count)
    unsafe withUnsafeMutableBytes(of: &signature.signature.rsassa.sig.buffer) {
      unsafe $0.copyBytes(from: signed.signature.prefix($0.count))
    }
    var ticket: UnsafeMutablePointer<TPMT_TK_VERIFIED>?
    let result = unsafe Esys_VerifySignature(
      context, key.handle, coffer_no_session, coffer_no_session, coffer_no_session, &digest,
      &signature, &ticket)
    defer { unsafe Esys_Free(ticket) }
    guard result == 0, let ticket = unsafe ticket else {
      throw TPMFailure.error("check the signature of a policy", result)
    }
    return unsafe ticket.pointee
  }
}
