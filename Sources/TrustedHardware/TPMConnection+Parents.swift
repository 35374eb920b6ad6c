internal import CTSS2
internal import Vocabulary

extension TPMConnection {
  private static let firstHandle: UInt32 = 0x8100_0100
  private static let storageRootKey: UInt32 = 0x8100_0001

  /// Makes a key persistent, or finds it where it is already.
  ///
  /// - Returns: the reference to it, with its name: what `StorageParent.persistent` takes.
  /// - Throws: `OperatorError` `tpm.failed`, `tpm.wrong-owner-auth`, or `tpm.no-handle` where other
  ///   keys take every handle.
  package func persist(_ key: PersistentKey) throws -> [UInt8] {
    switch key {
    case .storageRootKey:
      if let found = try persistent(Self.storageRootKey) { return try reference(to: found) }
      let made = try primary(.ecc, noDA: true)
      return try reference(to: evict(made, to: Self.storageRootKey))
    case .legacyPrimary(let kind):
      let made = try primary(kind, noDA: false)
      let name = try name(of: made)
      for handle in Self.firstHandle..<Self.firstHandle + 32 {
        guard let found = try persistent(handle) else {
          return try reference(to: evict(made, to: handle))
        }
        if try self.name(of: found) == name { return try reference(to: found) }
      }
      throw OperatorError(
        "tpm.no-handle", .failed, "the TPM has no free handle for a persistent parent",
        hint: "'tpm2_getcap handles-persistent' lists them; 'tpm2_evictcontrol' removes one")
    }
  }

  /// Makes or finds the key that a secret is sealed under, and proves that it is the one pinned.
  func load(_ parent: StorageParent) throws -> LoadedObject {
    switch parent {
    case .legacyPrimary(let kind): return try primary(kind, noDA: false)
    case .persistent(let reference):
      var handle: ESYS_TR = 0
      let result = unsafe Esys_TR_Deserialize(context, reference, reference.count, &handle)
      guard result == 0 else { throw TPMFailure.error("read the parent's reference", result) }
      let pinned = unsafe LoadedObject(persistent: handle, in: context)
      guard try liveName(of: pinned) == name(of: pinned) else {
        throw OperatorError(
          "tpm.parent-changed", .mismatch,
          "the TPM's persistent key is not the one that the token has pinned: another TPM, one that "
            + "was cleared, or one in between that plays it",
          hint: "unlock with the recovery key, enroll anew, and retire the old keyslot")
      }
      return pinned
    }
  }

  /// Makes a primary key of the owner hierarchy, whose authorization value is empty.
  private func primary(_ kind: KeyKind, noDA: Bool) throws -> LoadedObject {
    var sensitive = TPM2B_SENSITIVE_CREATE()
    var area = Template.storageKey(kind, noDA: noDA)
    var outside = TPM2B_DATA()
    var pcrs = TPML_PCR_SELECTION()
    var handle: ESYS_TR = 0
    let result = unsafe Esys_CreatePrimary(
      context, coffer_owner, coffer_password, coffer_no_session, coffer_no_session, &sensitive,
      &area, &outside, &pcrs, &handle, nil, nil, nil, nil)
    guard result == 0 else { throw TPMFailure.error("make the TPM's primary key", result) }
    return unsafe LoadedObject(handle, in: context)
  }

  /// The key at a persistent handle; nil where there is none.
  private func persistent(_ handle: UInt32) throws -> LoadedObject? {
    var isThere = false
    try capability(coffer_cap_handles, from: handle, count: 1) { data in
      let list = unsafe data.data.handles
      isThere = list.count > 0 && list.handle.0 == handle
    }
    guard isThere else { return nil }
    var found: ESYS_TR = 0
    let result = unsafe Esys_TR_FromTPMPublic(
      context, handle, coffer_no_session, coffer_no_session, coffer_no_session, &found)
    guard result == 0 else { throw TPMFailure.error("read a persistent key", result) }
    return unsafe LoadedObject(persistent: found, in: context)
  }

  private func evict(_ key: borrowing LoadedObject, to handle: UInt32) throws -> LoadedObject {
    var kept: ESYS_TR = 0
    let result = unsafe Esys_EvictControl(
      context, coffer_owner, key.handle, coffer_password, coffer_no_session, coffer_no_session,
      handle, &kept)
    guard result == 0 else { throw TPMFailure.error("make the parent persistent", result) }
    return unsafe LoadedObject(persistent: kept, in: context)
  }

  private func reference(to key: borrowing LoadedObject) throws -> [UInt8] {
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    let result = unsafe Esys_TR_Serialize(context, key.handle, &bytes, &count)
    defer { unsafe Esys_Free(bytes) }
    guard result == 0, let bytes = unsafe bytes else {
      throw TPMFailure.error("refer to the parent", result)
    }
    return unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
  }

  /// The name that is known on this side of the bus.
  func name(of object: borrowing LoadedObject) throws -> [UInt8] {
    var name: UnsafeMutablePointer<TPM2B_NAME>?
    let result = unsafe Esys_TR_GetName(context, object.handle, &name)
    defer { unsafe Esys_Free(name) }
    guard result == 0, let name = unsafe name else {
      throw TPMFailure.error("name a key of the TPM", result)
    }
    return unsafe name.pointee.bytes
  }

  /// The name that the TPM tells now.
  private func liveName(of key: borrowing LoadedObject) throws -> [UInt8] {
    var name: UnsafeMutablePointer<TPM2B_NAME>?
    let result = unsafe Esys_ReadPublic(
      context, key.handle, coffer_no_session, coffer_no_session, coffer_no_session, nil, &name,
      nil)
    defer { unsafe Esys_Free(name) }
    guard result == 0, let name = unsafe name else { return [] }
    return unsafe name.pointee.bytes
  }
}

extension TPM2B_NAME {
  fileprivate var bytes: [UInt8] {
    unsafe withUnsafeBytes(of: name) { unsafe Array($0.prefix(Int(size))) }
  }
}
