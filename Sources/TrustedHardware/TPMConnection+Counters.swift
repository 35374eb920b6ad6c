internal import CTSS2
internal import Vocabulary

/// Counters of the owner hierarchy.
///
/// Making and moving one needs the owner's authorization value, which must be empty; reading one needs
/// nothing, and counts no tries.
extension TPMConnection {
  /// Makes a counter, and moves it for the first time.
  ///
  /// - Parameter wanted: its handle; nil for the first free one of `TPMCounter.choice`.
  /// - Returns: the counter, whose value is above all that a counter of the TPM ever had.
  /// - Throws: `OperatorError` `counter.taken`, `counter.no-room`, `tpm.wrong-owner-auth`,
  ///   `tpm.failed`.
  package func defineCounter(at wanted: UInt32? = nil) throws -> TPMCounter {
    let candidates = wanted.map { $0..<$0 + 1 } ?? TPMCounter.choice
    for index in candidates where try !hasIndex(index) {
      let counter = TPMCounter(index: index)
      guard try define(counter) else { continue }
      do {
        try advance(counter)
      } catch {
        try? remove(counter)
        throw error
      }
      return counter
    }
    guard let wanted else { throw Self.noRoom("every handle that Coffer chooses from is taken") }
    throw OperatorError(
      "counter.taken", .refused,
      "something is at NV index 0x\(String(wanted, radix: 16)) already: to move a counter closes what "
        + "was sealed to it",
      hint: "name another one with --nv-index, or none, and one is chosen")
  }

  /// Reads a counter, in a session that is salted by a pinned key.
  ///
  /// - Parameters:
  ///   - counter: which.
  ///   - parent: salts the session.
  /// - Returns: the value that it has now.
  /// - Throws: `OperatorError` `counter.missing`, `tpm.parent-changed`, `tpm.failed`.
  package func value(of counter: TPMCounter, under parent: StorageParent) throws -> UInt64 {
    let parent = try load(parent)
    let session = unsafe try TPMSession(coffer_session_hmac, saltedBy: parent, in: context)
    let index = try find(counter)
    var data: UnsafeMutablePointer<TPM2B_MAX_NV_BUFFER>?
    let result = unsafe Esys_NV_Read(
      context, index.handle, index.handle, coffer_password, session.handle, coffer_no_session, 8, 0,
      &data)
    defer { unsafe Esys_Free(data) }
    guard result == 0, let data = unsafe data, unsafe data.pointee.size == 8 else {
      throw TPMFailure.error("read a counter", result)
    }
    return unsafe withUnsafeBytes(of: data.pointee.buffer) { bytes in
      unsafe bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }
  }

  /// Moves a counter by one, for ever.
  ///
  /// - Throws: `OperatorError` `counter.missing`, `tpm.wrong-owner-auth`, `tpm.failed`.
  package func advance(_ counter: TPMCounter) throws {
    let index = try find(counter)
    let result = unsafe Esys_NV_Increment(
      context, coffer_owner, index.handle, coffer_password, coffer_no_session, coffer_no_session)
    guard result == 0 else { throw TPMFailure.error("move a counter", result) }
  }

  /// Removes a counter: what was sealed to it is given no more.
  ///
  /// - Throws: `OperatorError` `counter.missing`, `tpm.wrong-owner-auth`, `tpm.failed`.
  package func remove(_ counter: TPMCounter) throws {
    let index = try find(counter)
    let result = unsafe Esys_NV_UndefineSpace(
      context, coffer_owner, index.handle, coffer_password, coffer_no_session, coffer_no_session)
    guard result == 0 else { throw TPMFailure.error("remove a counter", result) }
  }

  /// Demands of a policy session that a counter has not passed a value.
  ///
  /// - Throws: `OperatorError` `counter.passed`, `counter.missing`, `tpm.failed`.
  func demand(
    _ counter: TPMCounter, atMost value: UInt64, in policy: borrowing TPMSession
  ) throws {
    let index = try find(counter)
    var operand = TPM2B_DIGEST(TPMCounter.bytes(value))
    let result = unsafe Esys_PolicyNV(
      context, index.handle, index.handle, policy.handle, coffer_password, coffer_no_session,
      coffer_no_session, &operand, 0, coffer_unsigned_le)
    guard result != coffer_rc_policy else {
      throw OperatorError(
        "counter.passed", .mismatch,
        "the counter has passed the value that the secret was sealed at: it was sealed anew since, or "
          + "the counter was made anew",
        hint: "open the file that was sealed last; this one is never opened again")
    }
    guard result == 0 else { throw TPMFailure.error("meet the policy of a counter", result) }
  }

  /// Defines the index; false where somebody was quicker.
  private func define(_ counter: TPMCounter) throws -> Bool {
    var auth = TPM2B_AUTH()
    var area = TPM2B_NV_PUBLIC()
    area.nvPublic.nvIndex = counter.index
    area.nvPublic.nameAlg = coffer_alg_sha256
    area.nvPublic.attributes = coffer_nv_counter
    area.nvPublic.dataSize = 8
    var handle: ESYS_TR = 0
    let result = unsafe Esys_NV_DefineSpace(
      context, coffer_owner, coffer_password, coffer_no_session, coffer_no_session, &auth, &area,
      &handle)
    switch result {
    case 0:
      _ = unsafe LoadedObject(persistent: handle, in: context)
      return true
    case coffer_rc_nv_defined: return false
    case coffer_rc_nv_space: throw Self.noRoom("its NV memory is full")
    default: throw TPMFailure.error("make a counter", result)
    }
  }

  private func hasIndex(_ index: UInt32) throws -> Bool {
    var isThere = false
    try capability(coffer_cap_handles, from: index, count: 1) { data in
      let list = unsafe data.data.handles
      isThere = list.count > 0 && list.handle.0 == index
    }
    return isThere
  }

  /// The index, once it is known to be the counter that is meant.
  private func find(_ counter: TPMCounter) throws -> LoadedObject {
    guard try hasIndex(counter.index) else { throw Self.missing(counter, "has no NV index") }
    var handle: ESYS_TR = 0
    let result = unsafe Esys_TR_FromTPMPublic(
      context, counter.index, coffer_no_session, coffer_no_session, coffer_no_session, &handle)
    guard result == 0 else { throw TPMFailure.error("read an NV index", result) }
    let index = unsafe LoadedObject(persistent: handle, in: context)
    // One that was made just now and never moved has another name.
    let name = try name(of: index)
    guard name == counter.name || name == counter.nameBefore else {
      throw Self.missing(counter, "has something else at NV index")
    }
    return index
  }

  private static func missing(_ counter: TPMCounter, _ why: String) -> OperatorError {
    OperatorError(
      "counter.missing", .mismatch,
      "the TPM \(why) 0x\(String(counter.index, radix: 16)), where the secret's counter should be: "
        + "another TPM, one that was cleared, or somebody removed it",
      hint: "seal the secret anew from the copy that is kept elsewhere")
  }

  private static func noRoom(_ why: String) -> OperatorError {
    OperatorError(
      "counter.no-room", .refused, "the TPM takes no further counter: \(why)",
      hint: "'tpm2_getcap handles-nv-index' lists what is there, 'tpm2_nvundefine' removes one; "
        + "--no-counter seals without")
  }
}
