internal import CTSS2

/// A key or a sealed secret in one of the TPM's few transient places, flushed with its owner.
@safe struct LoadedObject: ~Copyable {
  private let context: OpaquePointer
  let handle: ESYS_TR
  private let isTransient: Bool

  /// Takes an object that was loaded or made.
  init(_ handle: ESYS_TR, in context: OpaquePointer) {
    unsafe self.context = unsafe context
    self.handle = handle
    isTransient = true
  }

  /// Takes a persistent key, which stays in the TPM.
  init(persistent handle: ESYS_TR, in context: OpaquePointer) {
    unsafe self.context = unsafe context
    self.handle = handle
    isTransient = false
  }

  deinit {
    if isTransient {
      unsafe Esys_FlushContext(context, handle)
    } else {
      var handle = handle
      unsafe Esys_TR_Close(context, &handle)
    }
  }
}

/// A session of the TPM, flushed with its owner: a TPM has three.
@safe struct TPMSession: ~Copyable {
  private let context: OpaquePointer
  let handle: ESYS_TR

  /// Starts a session; one of kind HMAC encrypts the parameters of its commands both ways.
  ///
  /// - Parameters:
  ///   - kind: HMAC or policy.
  ///   - key: salts it, so that whoever listens to the bus learns nothing.
  ///   - bound: an object whose authorization value enters the session key.
  ///   - session: encrypts the exchange that starts this one.
  ///   - context: the connection.
  /// - Throws: `OperatorError` `tpm.failed`.
  init(
    _ kind: TPM2_SE, saltedBy key: borrowing LoadedObject, bound: ESYS_TR? = nil,
    within session: ESYS_TR? = nil, in context: OpaquePointer
  ) throws {
    var cipher = Template.sessionCipher
    var started: ESYS_TR = 0
    let result = unsafe Esys_StartAuthSession(
      context, key.handle, bound ?? coffer_no_session, session ?? coffer_no_session,
      coffer_no_session, coffer_no_session, nil, kind, &cipher, coffer_alg_sha256, &started)
    guard result == 0 else { throw TPMFailure.error("start a session of the TPM", result) }
    // A command takes one session that encrypts, and it is not the policy's.
    let attributes =
      kind == coffer_session_hmac ? coffer_session_encrypted : coffer_session_continued
    let marked = unsafe Esys_TRSess_SetAttributes(context, started, attributes, 0xff)
    guard marked == 0 else {
      unsafe Esys_FlushContext(context, started)
      throw TPMFailure.error("set a session of the TPM up", marked)
    }
    unsafe self.context = unsafe context
    handle = started
  }

  deinit { unsafe Esys_FlushContext(context, handle) }
}
