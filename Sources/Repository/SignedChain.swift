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
  /// The first word of error codes: `receipts`, `rewraps`.
  let area: String
  let folder: String
  let entry: @Sendable (LedgerSequence) -> ObjectName
  let signature: @Sendable (LedgerSequence) -> ObjectName

  /// The entries that a store's keeper signs.
  static let keeper = ChainPlace(
    area: "receipts", folder: ObjectName.keeperFolder, entry: { .keeperEntry($0) },
    signature: { .keeperSignature($0) })

  /// The entries that officers sign who rewrapped what a host stored.
  static func rewraps(of host: KeyID) -> ChainPlace {
    ChainPlace(
      area: "rewraps", folder: ObjectName.rewrapFolder(of: host),
      entry: { .rewrapEntry(host, $0) }, signature: { .rewrapSignature(host, $0) })
  }
}

/// Whose signatures stand in a chain.
enum ChainSigners: Sendable {
  /// One key's, and no other.
  case only(VerifyingKey)
  /// Anybody's: those of known keys are checked, others are nobody's word.
  case anybody(knowing: [VerifyingKey])

  /// The key that must have signed an entry; nil where it is not known.
  func key(of signer: String) -> VerifyingKey? {
    switch self {
    case .only(let key): key
    case .anybody(let known): known.first { $0.keyID.description == signer }
    }
  }
}

/// An entry whose place in its chain holds.
struct ChainLink<Entry: ChainedEntry>: Sendable {
  let entry: Entry
  let sha256: SHA256Digest
  /// Whether a known key signed it.
  let isVouchedFor: Bool
}

/// Numbered entries, each signed, each with the hash of the one before.
struct SignedChain<Entry: ChainedEntry>: Sendable {
  private static var largestEntry: Int { 1 << 30 }
  private static var largestSignature: Int { 1 << 16 }

  let store: any BlobSource
  let format: StoreFormat
  let place: ChainPlace
  let signers: ChainSigners

  /// The number of the last entry, 0 where there is none.
  ///
  /// A signature without its entry counts as an entry: whoever removes the last one leaves it. Only who
  /// remembers the entry before it knows that a crash left it.
  func last(unfinishedAfter known: LedgerSequence?) throws -> Int {
    let names = try store.list(place.folder)
    let last = Self.last(of: names)
    guard let known, last == known.number + 1, !names.contains("\(known.next).json") else {
      return last
    }
    return known.number
  }

  /// The highest number that an entry itself has, 0 where there is none.
  func lastWhole() throws -> Int {
    try Self.last(of: store.list(place.folder).filter { $0.hasSuffix(".json") })
  }

  private static func last(of names: [String]) -> Int {
    names.compactMap { name in
      name.split(separator: ".").first.flatMap { Int($0) }.flatMap {
        (1..<1 << 32) ~= $0 ? $0 : nil
      }
    }.max() ?? 0
  }

  /// Checks entry after entry, from the first, and hands each on.
  func walk(through last: Int, _ take: (ChainLink<Entry>) throws -> Void) throws {
    var previous: SHA256Digest?
    for number in 1..<(last + 1) {
      let link = try load(LedgerSequence(number), after: previous)
      previous = link.sha256
      try take(link)
    }
  }

  /// Signs an entry and puts it into the store; its signature lies there before it does.
  ///
  /// - Throws: `object.exists` where an entry of this number is there: it is never replaced.
  func publish(
    _ entry: Entry, to store: any BlobStore, signedWith key: SigningKey,
    trustedComment: (SHA256Digest) -> String
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
  ) throws -> ChainLink<Entry> {
    let name = place.entry(sequence)
    guard try store.size(of: name) != nil else {
      throw untrusted(name, "missing-entry", "is missing: an entry was removed")
    }
    let bytes = try store.read(name, atMost: Self.largestEntry)
    let decoded = try? JSONDocument.decode(Entry.self, from: bytes)
    let key = signers.key(of: decoded?.signer ?? "")
    // First of all: what a known key did not sign is not looked at.
    if let key { try check(bytes, sequence, by: key) }
    guard let entry = decoded, entry.type == Entry.type, entry.format == StoreFormat.version
    else { throw untrusted(name, "broken", "is not a \(Entry.type) of version 1") }
    guard entry.store == format.store else {
      throw untrusted(name, "broken", "belongs to another store, \(entry.store)")
    }
    guard key == nil || entry.signer == key?.keyID.description, entry.sequence == sequence else {
      throw untrusted(name, "broken", "stands in the place of another entry")
    }
    guard entry.previous == previous else {
      throw untrusted(name, "broken", "does not follow the entry before it")
    }
    return ChainLink(
      entry: entry, sha256: SHA256Hasher.digest(of: bytes), isVouchedFor: key != nil)
  }

  private func check(
    _ entry: [UInt8], _ sequence: LedgerSequence, by key: VerifyingKey
  ) throws {
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

  /// What is to be said of an entry that cannot be believed.
  func untrusted(_ name: ObjectName, _ code: String, _ why: String) -> OperatorError {
    OperatorError(
      "\(place.area).\(code)", .untrusted, "\(name) \(why)",
      hint: "nothing after this entry can be trusted; look for another copy of the store")
  }
}
