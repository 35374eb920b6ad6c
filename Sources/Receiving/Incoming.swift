import Repository
import SecretMemory
import Signatures
import Stores
import Vocabulary

/// What has arrived from a host and is not in the store yet, and how it comes there.
struct Incoming {
  /// What no entry named for so long was left by a run that was cut off; the host stores it again if it must.
  private static let longestStay = 30 * 86400

  let host: KeyID
  /// Where it lies; on the store's own file system.
  let folder: DirectoryStore
  let store: DirectoryStore

  init(of host: KeyID, folder: DirectoryStore, store: DirectoryStore) {
    (self.host, self.folder, self.store) = (host, folder, store)
  }

  /// Brings what an entry adds into the store.
  ///
  /// - Parameters:
  ///   - names: what the entry adds.
  ///   - before: the ledger without the entry.
  ///   - after: the ledger with it.
  /// - Throws: `receive.missing-object`, `receive.wrong-object`; nothing that counts has changed then.
  func accept(_ names: [ObjectName], _ before: HostLedger, _ after: HostLedger) throws {
    var new: [ObjectName] = []
    var rewraps: RewrapLedger?
    for name in names {
      guard let facts = after.facts(of: name) else { continue }
      if before.facts(of: name) != nil, try isThere(name, facts, &rewraps) { continue }
      guard try folder.size(of: name) != nil else {
        throw OperatorError(
          "receive.missing-object", .mismatch, "\(name), which the entry adds, has not arrived",
          hint: "the entry was not taken; run again")
      }
      try require(name, facts, in: folder)
      if try store.size(of: name) == nil {
        new.append(name)
      } else {
        // What a killed session brought in already; nobody else can have sent the same.
        try require(name, facts, in: store)
      }
    }
    try store.adopt(new, from: folder)
  }

  /// Ends what a session that was killed had begun, and removes what was left long ago.
  ///
  /// - Parameter isKnown: whether the ledger names an object.
  /// - Returns: the objects that are left.
  /// - Throws: what the store fails with, and what `isKnown` throws.
  func settle(_ isKnown: (ObjectName) throws -> Bool) throws -> [ObjectName] {
    let now = Timestamp.now().secondsSince1970
    return try folder.objects().filter { name in
      if try isKnown(name) {
        try folder.remove(name)
        return false
      }
      guard let arrival = try folder.modified(name), now - arrival > Self.longestStay else {
        return true
      }
      try folder.remove(name)
      return false
    }
  }

  /// Whether the store has what an earlier entry named, or what an officer made of it since.
  ///
  /// Whoever wrote among `rewraps` can write to all of the store: his word is enough here.
  private func isThere(
    _ name: ObjectName, _ facts: NeededSet.Facts, _ rewraps: inout RewrapLedger?
  ) throws -> Bool {
    guard let size = try store.size(of: name) else { return false }
    if size == facts.size { return true }
    guard name.isRewrappable else { return false }
    let read = try rewraps ?? RewrapLedger(in: store, of: host)
    rewraps = read
    return read[name]?.facts.size == size
  }

  private func require(
    _ name: ObjectName, _ facts: NeededSet.Facts, in place: DirectoryStore
  ) throws {
    guard try isSo(name, facts, in: place) else {
      throw OperatorError(
        "receive.wrong-object", .mismatch, "\(name) is not what the entry says of it",
        hint: "the entry was not taken; run again")
    }
  }

  private func isSo(
    _ name: ObjectName, _ facts: NeededSet.Facts, in place: DirectoryStore
  ) throws -> Bool {
    guard try place.size(of: name) == facts.size else { return false }
    // A pack had to have the digest of its name to arrive.
    guard name.packDigest == nil else { return true }
    var hasher = SHA256Hasher()
    try place.stream(name) { hasher.update($0) }
    return hasher.finish() == facts.sha256
  }
}
