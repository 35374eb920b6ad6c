import SecretMemory
import Signatures
package import Vocabulary

/// What every entry of a signed chain says of itself.
package protocol ChainedEntry: Sendable, Codable {
  /// What `type` must say.
  static var type: String { get }

  var type: String { get }
  var format: Int { get }
  var store: String { get }
  /// The id of the key that signs the chain.
  var signer: String { get }
  var sequence: LedgerSequence { get }
  /// SHA-256 of the entry before, nil in the first.
  var previous: SHA256Digest? { get }
}

/// Where the entries of a chain lie, and what its errors are called.
struct ChainPlace: Sendable {
  /// The first word of error codes: `ledger`, `receipts`.
  let area: String
  let folder: String
  let entry: @Sendable (LedgerSequence) -> ObjectName
  let signature: @Sendable (LedgerSequence) -> ObjectName

  /// The entries that a store's keeper signs.
  static let keeper = ChainPlace(
    area: "receipts", folder: ObjectName.keeperFolder, entry: { .keeperEntry($0) },
    signature: { .keeperSignature($0) })
}

/// Numbered entries, each signed, each with the hash of the one before.
struct SignedChain<Entry: ChainedEntry>: Sendable {
  private static var largestEntry: Int { 1 << 30 }
  private static var largestSignature: Int { 1 << 16 }

  let store: any BlobStore
  let format: StoreFormat
  let place: ChainPlace
  let key: VerifyingKey

  /// The number of the last entry, 0 where there is none.
  ///
  /// A signature without its entry counts as an entry: whoever removes the last one leaves it. Only who
  /// remembers the entry before it knows that a crash left it.
  func last(unfinishedAfter known: LedgerSequence?) throws -> Int {
    let names = try store.list(place.folder)
    let numbers = names.compactMap { name in
      name.split(separator: ".").first.flatMap { Int($0) }.flatMap {
        (1..<1 << 32) ~= $0 ? $0 : nil
      }
    }
    let last = numbers.max() ?? 0
    guard let known, last == known.number + 1, !names.contains("\(known.next).json") else {
      return last
    }
    return known.number
  }

  /// Checks entry after entry, from the first, and hands each on with its SHA-256.
  func walk(through last: Int, _ take: (Entry, SHA256Digest) throws -> Void) throws {
    var previous: SHA256Digest?
    for number in 1..<(last + 1) {
      let (entry, digest) = try load(LedgerSequence(number), after: previous)
      previous = digest
      try take(entry, digest)
    }
  }

  /// Signs an entry and puts it into the store; its signature lies there before it does.
  ///
  /// - Throws: `object.exists` where an entry of this number is there: it is never replaced.
  func publish(
    _ entry: Entry, signedWith key: SigningKey, trustedComment: (SHA256Digest) -> String
  ) throws -> LedgerHead {
    let bytes = try JSONDocument.pretty(entry)
    let digest = SHA256Hasher.digest(of: bytes)
    let signature = try bytes.withBytes {
      try key.sign($0, trustedComment: trustedComment(digest))
    }
    let (entryName, signatureName) = (place.entry(entry.sequence), place.signature(entry.sequence))
    guard try store.size(of: entryName) == nil else {
      throw OperatorError("object.exists", .failed, "\(entryName) is in the store already")
    }
    // A signature without its entry is what a killed run left, and vouches for nothing.
    try store.remove(signatureName)
    try store.putTogether([(signatureName, Array(signature.utf8)), (entryName, bytes)])
    return LedgerHead(sequence: entry.sequence, sha256: digest)
  }

  private func load(
    _ sequence: LedgerSequence, after previous: SHA256Digest?
  ) throws -> (Entry, SHA256Digest) {
    let name = place.entry(sequence)
    guard try store.size(of: name) != nil else {
      throw untrusted(name, "missing-entry", "is missing: an entry was removed")
    }
    let bytes = try store.read(name, atMost: Self.largestEntry)
    try check(bytes, sequence)
    guard let entry = try? JSONDocument.decode(Entry.self, from: bytes), entry.type == Entry.type,
      entry.format == StoreFormat.version
    else { throw untrusted(name, "broken", "is not a \(Entry.type) of version 1") }
    guard entry.store == format.store else {
      throw untrusted(name, "broken", "belongs to another store, \(entry.store)")
    }
    guard entry.signer == key.keyID.description, entry.sequence == sequence else {
      throw untrusted(name, "broken", "stands in the place of another entry")
    }
    guard entry.previous == previous else {
      throw untrusted(name, "broken", "does not follow the entry before it")
    }
    return (entry, SHA256Hasher.digest(of: bytes))
  }

  private func check(_ entry: [UInt8], _ sequence: LedgerSequence) throws {
    let name = place.entry(sequence)
    guard try store.size(of: place.signature(sequence)) != nil else {
      throw untrusted(name, "unsigned", "has no signature")
    }
    let signature = try store.read(place.signature(sequence), atMost: Self.largestSignature)
    do {
      _ = try entry.withBytes { entry throws(SignatureError) in
        try key.verify(String(decoding: signature, as: UTF8.self), of: entry)
      }
    } catch .signedByAnotherKey {
      throw untrusted(name, "other-key", "is signed by another key than \(key.keyID)")
    } catch {
      throw untrusted(
        name, "bad-signature", "was altered, or its signature was: it does not verify")
    }
  }

  private func untrusted(_ name: ObjectName, _ code: String, _ why: String) -> OperatorError {
    OperatorError(
      "\(place.area).\(code)", .untrusted, "\(name) \(why)",
      hint: "nothing after this entry can be trusted; look for another copy of the store")
  }
}
