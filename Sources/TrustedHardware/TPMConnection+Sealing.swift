internal import CTSS2
package import SecretMemory
internal import Vocabulary

/// What must hold before a TPM gives a secret, one demand after the other.
package enum PolicyStep: Sendable {
  /// PCRs have values that a key has signed.
  case signedPCRs(SignedPCRPolicy)
  /// PCRs of a bank have the values that they had when the secret was sealed.
  case pcrs(Set<Int>, PCRBank)
  /// A counter has not passed a value.
  case counter(TPMCounter, atMost: UInt64)
  /// The secret's authorization value is shown.
  case authValue
}

extension TPMConnection {
  /// Seals a secret: only this TPM gives it, under a policy.
  ///
  /// What passes over the bus is encrypted in a session salted by the parent. The object can be
  /// opened by its policy alone, and counts no failed tries where no authorization value is asked
  /// for.
  ///
  /// - Parameters:
  ///   - secret: 1 to 128 bytes.
  ///   - policy: the policy's digest, 32 bytes.
  ///   - value: what the policy asks to be shown; empty where it does not.
  ///   - parent: the key it is sealed under.
  /// - Returns: TPM2B_PRIVATE and TPM2B_PUBLIC, as `tpm2-blob` of systemd's token has them.
  /// - Throws: `OperatorError` of the kinds that TPMs fail with.
  package func seal(
    _ secret: borrowing SecretBytes, policy: PolicyDigest,
    authorization value: borrowing AuthorizationValue, under parent: StorageParent
  ) throws -> [UInt8] {
    precondition((1...128).contains(secret.count), "a TPM seals 1 to 128 bytes")
    let parent = try load(parent)
    let session = unsafe try TPMSession(coffer_session_hmac, saltedBy: parent, in: context)
    var sensitive = TPM2B_SENSITIVE_CREATE()
    defer { wipe(&sensitive) }
    value.bytes.withBytes { sensitive.sensitive.userAuth.fill(from: $0) }
    secret.withBytes { sensitive.sensitive.data.fill(from: $0) }
    var area = Template.sealedSecret(policy: policy.bytes, noDA: value.isEmpty)
    var outside = TPM2B_DATA()
    var pcrs = TPML_PCR_SELECTION()
    var sealed: UnsafeMutablePointer<TPM2B_PRIVATE>?
    var told: UnsafeMutablePointer<TPM2B_PUBLIC>?
    let result = unsafe Esys_Create(
      context, parent.handle, session.handle, coffer_no_session, coffer_no_session, &sensitive,
      &area, &outside, &pcrs, &sealed, &told, nil, nil, nil)
    defer {
      unsafe Esys_Free(sealed)
      unsafe Esys_Free(told)
    }
    guard result == 0, let sealed = unsafe sealed, let told = unsafe told else {
      throw TPMFailure.error("seal a secret", result)
    }
    return try SealedBlob.write(unsafe sealed.pointee, unsafe told.pointee)
  }

  /// Has the TPM give a secret, the policy being met step by step.
  ///
  /// - Parameters:
  ///   - blob: what `seal` returned.
  ///   - parent: the key it was sealed under.
  ///   - steps: the policy.
  ///   - digest: the policy's digest, 32 bytes; the TPM is not asked where the steps do not lead
  ///     there, so that no try is wasted.
  ///   - value: what the policy asks to be shown; empty where it does not.
  /// - Returns: the secret.
  /// - Throws: `OperatorError` `tpm.policy`, `counter.passed`, `counter.missing`, `tpm.wrong-pin`,
  ///   `tpm.locked-out`, `tpm.not-its-secret`, `tpm.parent-changed`, `tpm.bad-blob`, `tpm.failed`.
  package func unseal(
    _ blob: [UInt8], under parent: StorageParent, steps: [PolicyStep], digest: [UInt8],
    authorization value: borrowing AuthorizationValue
  ) throws -> SecretBytes {
    let parent = try load(parent)
    let object = try load(blob, under: parent)
    try authorize(object, with: value)
    // libtss2 keeps what it was told of an object, and does not wipe it.
    defer { forgetAuthorization(of: object) }
    let session = unsafe try TPMSession(
      coffer_session_hmac, saltedBy: parent, bound: object.handle, in: context)
    for _ in 0..<Self.patience {
      let policy = unsafe try TPMSession(
        coffer_session_policy, saltedBy: parent, within: session.handle, in: context)
      for step in steps { try demand(step, in: policy) }
      guard try self.digest(of: policy) == digest else {
        throw OperatorError(
          "tpm.policy", .mismatch,
          "the PCRs are not those that the secret was sealed to, so the TPM would not give it")
      }
      if let secret = try unseal(object, policy, session) { return secret }
    }
    throw OperatorError(
      "tpm.failed", .failed, "the TPM's PCRs change faster than a secret can be unsealed")
  }

  /// Unseals; nil where a PCR changed since the policy was met.
  private func unseal(
    _ object: borrowing LoadedObject, _ policy: borrowing TPMSession,
    _ session: borrowing TPMSession
  ) throws -> SecretBytes? {
    var given: UnsafeMutablePointer<TPM2B_SENSITIVE_DATA>?
    let result = unsafe Esys_Unseal(
      context, object.handle, policy.handle, session.handle, coffer_no_session, &given)
    if TPMFailure.isPCRChange(result) { return nil }
    guard result == 0, let given = unsafe given else {
      throw TPMFailure.error("unseal the secret", result)
    }
    defer {
      unsafe wipe(&given.pointee)
      unsafe Esys_Free(given)
    }
    return unsafe withUnsafeBytes(of: &given.pointee.buffer) { bytes in
      let told = unsafe UnsafeRawBufferPointer(rebasing: bytes.prefix(Int(given.pointee.size)))
      return unsafe SecretBytes(copying: RawSpan(_unsafeBytes: told))
    }
  }

  private func load(
    _ blob: [UInt8], under parent: borrowing LoadedObject
  ) throws -> LoadedObject {
    var (sealed, area) = try SealedBlob.read(blob)
    var handle: ESYS_TR = 0
    let result = unsafe Esys_Load(
      context, parent.handle, coffer_password, coffer_no_session, coffer_no_session, &sealed,
      &area, &handle)
    guard result == 0 else { throw TPMFailure.error("load the sealed secret", result) }
    return unsafe LoadedObject(handle, in: context)
  }

  private func authorize(
    _ object: borrowing LoadedObject, with value: borrowing AuthorizationValue
  ) throws {
    var auth = TPM2B_AUTH()
    defer { wipe(&auth) }
    value.bytes.withBytes { auth.fill(from: $0) }
    let result = unsafe Esys_TR_SetAuth(context, object.handle, &auth)
    guard result == 0 else { throw TPMFailure.error("take the authorization value", result) }
  }

  private func forgetAuthorization(of object: borrowing LoadedObject) {
    var zeros = TPM2B_AUTH()
    unsafe Esys_TR_SetAuth(context, object.handle, &zeros)
  }

  private func demand(_ step: PolicyStep, in policy: borrowing TPMSession) throws {
    switch step {
    case .signedPCRs(let signed): try demand(signed, in: policy)
    case .pcrs(let indexes, let bank): try demand(indexes, of: bank, in: policy)
    case .counter(let counter, let value): try demand(counter, atMost: value, in: policy)
    case .authValue:
      let result = unsafe Esys_PolicyAuthValue(
        context, policy.handle, coffer_no_session, coffer_no_session, coffer_no_session)
      guard result == 0 else { throw TPMFailure.error("meet the policy of a PIN", result) }
    }
  }

  /// The PCRs have the values of now.
  func demand(_ indexes: Set<Int>, of bank: PCRBank, in policy: borrowing TPMSession) throws {
    var selection = Selection.write(indexes, of: bank)
    let result = unsafe Esys_PolicyPCR(
      context, policy.handle, coffer_no_session, coffer_no_session, coffer_no_session, nil,
      &selection)
    guard result == 0 else { throw TPMFailure.error("meet a policy of PCRs", result) }
  }

  /// The digest of the policy that a session has met so far.
  func digest(of policy: borrowing TPMSession) throws -> [UInt8] {
    var digest: UnsafeMutablePointer<TPM2B_DIGEST>?
    let result = unsafe Esys_PolicyGetDigest(
      context, policy.handle, coffer_no_session, coffer_no_session, coffer_no_session, &digest)
    defer { unsafe Esys_Free(digest) }
    guard result == 0, let digest = unsafe digest else {
      throw TPMFailure.error("ask for a policy's digest", result)
    }
    return unsafe digest.pointee.bytes
  }
}
