internal import LocalFiles
internal import SecretMemory
package import Signatures
package import SystemPackage
package import Vocabulary

/// The record of what was done to keys: entries that are never changed, each with the hash of the one
/// before it, each signed with a minisign key of this machine.
///
/// The key lies beside the record: who is root here can write a record anew. What was noted elsewhere,
/// the public key and now and then a head, is what shows that.
package struct CustodyRecord: Sendable {
  /// The state folder.
  package let state: FilePath

  let folder: RecordFolder
  private let tool: RecordEntry.Tool

  /// Names a record; nothing is read or made yet.
  ///
  /// - Parameters:
  ///   - state: the state folder.
  ///   - tool: the program that acts.
  ///   - version: its version.
  package init(at state: FilePath, tool: String, version: String) {
    self.state = state
    folder = RecordFolder(state: state)
    self.tool = RecordEntry.Tool(name: tool, version: version)
  }

  /// Appends an entry, signed and durable before this returns.
  ///
  /// Folder and key are made where there is none yet. An entry that a crash left unsigned is signed
  /// first, if it is the last one and follows the one before it. Appends of several processes come one
  /// after the other.
  ///
  /// - Returns: the new head.
  /// - Throws: `OperatorError`: `record.unwritable`, `record.locked`, `record.key`, or
  ///   `record.missing-entry` and `record.broken` where what is there cannot be followed.
  @discardableResult
  package func append(_ action: CustodyAction, at time: Timestamp = .now()) throws -> RecordHead {
    do {
      try folder.make()
      let lock = try RecordLock(folder.lock)
      // The lock lasts as long as its owner.
      defer { withExtendedLifetime(lock) {} }
      return try appendAlone(action, at: time)
    } catch let error as Errno {
      throw OperatorError(
        "record.unwritable", .failed, "cannot write the custody record in \(state): \(error)",
        hint: "name another folder by --state")
    }
  }

  /// Signs the last entry where a crash left it unsigned, as the next append would.
  ///
  /// Nothing is made where there is no record yet.
  ///
  /// - Throws: as `append`.
  package func mend() throws {
    do {
      guard try folder.last() > 0 else { return }
      let lock = try RecordLock(folder.lock)
      defer { withExtendedLifetime(lock) {} }
      _ = try endOfChain(folder.last(), RecordKey(folder).signing(isNew: false))
    } catch let error as Errno {
      throw OperatorError(
        "record.unwritable", .failed, "cannot write the custody record in \(state): \(error)",
        hint: "name another folder by --state")
    }
  }

  /// The key that signs the record, for what an officer signs elsewhere; there is an entry already.
  ///
  /// - Throws: `OperatorError` `record.key`.
  package func signer() throws -> SigningKey {
    do {
      return try RecordKey(folder).signing(isNew: false)
    } catch let error as Errno {
      throw OperatorError("record.key", .failed, "cannot read the key of the record: \(error)")
    }
  }

  /// The file of the public key.
  package var publicKey: FilePath { folder.publicKey }

  private func appendAlone(_ action: CustodyAction, at time: Timestamp) throws -> RecordHead {
    let last = try folder.last()
    let key = try RecordKey(folder).signing(isNew: last == 0)
    let previous = try last > 0 ? endOfChain(last, key) : nil
    let entry = RecordEntry(
      action, sequence: last + 1, previous: previous, time: time, who: Actor.current(), tool: tool)
    let bytes = try JSONDocument.pretty(entry)
    try bytes.withBytes {
      try DurableFile.write($0, to: folder.entry(last + 1), taken: .refuse)
    }
    let digest = try sign(bytes, last + 1, with: key, note: "")
    return RecordHead(sequence: last + 1, sha256: digest)
  }

  /// The hash of the last entry, once it is known to be one and signed.
  private func endOfChain(_ last: Int, _ key: SigningKey) throws -> SHA256Digest {
    let bytes = try RecordReader(folder).bytes(of: last)
    guard let entry = RecordEntry(bytes), entry.sequence == last else {
      throw RecordReader.broken(last, "is not an entry of its number")
    }
    guard try folder.read(folder.signature(last)) == nil else {
      return SHA256Hasher.digest(of: bytes)
    }
    let before = try last > 1 ? RecordReader(folder).bytes(of: last - 1) : nil
    guard entry.previous == before.map({ SHA256Hasher.digest(of: $0) }) else {
      throw RecordReader.broken(last, "has no signature, and does not follow the entry before it")
    }
    return try sign(bytes, last, with: key, note: ", signed after an interruption")
  }

  private func sign(
    _ bytes: [UInt8], _ sequence: Int, with key: SigningKey, note: String
  ) throws -> SHA256Digest {
    let digest = SHA256Hasher.digest(of: bytes)
    let comment = "coffer custody record, sequence \(sequence), sha256 \(digest)\(note)"
    let signature = try bytes.withBytes { try key.sign($0, trustedComment: comment) }
    try Array(signature.utf8).withBytes {
      try DurableFile.write($0, to: folder.signature(sequence), taken: .refuse)
    }
    return digest
  }
}
