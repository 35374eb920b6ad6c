import SecretMemory
package import Signatures
import Vocabulary

/// A walk along one host's ledger, entry by entry, each checked before it is handed on and none kept.
package struct LedgerWalk: Sendable {
  /// An entry grows with what a night added: this is a night of more than 50 TB.
  private static let largestEntry = 1 << 30
  private static let largestSignature = 1 << 16

  package let host: KeyID
  private let store: any BlobStore
  private let format: StoreFormat
  private let trust: LedgerTrust

  /// Prepares to walk.
  ///
  /// - Parameters:
  ///   - host: whose ledger.
  ///   - store: the store.
  ///   - format: what the store is.
  ///   - trust: whose signatures count.
  package init(
    of host: KeyID, in store: any BlobStore, _ format: StoreFormat, trusting trust: LedgerTrust
  ) {
    (self.host, self.store, self.format, self.trust) = (host, store, format, trust)
  }

  /// The number of the last entry, 0 where there is none.
  ///
  /// A signature without its entry counts as an entry: whoever removes the last one leaves it.
  ///
  /// - Parameter known: the last entry that is known to have been finished: a lone signature just after
  ///   it is what a crash leaves, and no entry.
  /// - Returns: the number.
  /// - Throws: what the store fails with.
  package func last(unfinishedAfter known: LedgerSequence?) throws -> Int {
    let names = try names()
    let last = names.compactMap(Self.number).max() ?? 0
    guard let known, last == known.number + 1, !names.contains("\(known.next).json") else {
      return last
    }
    return known.number
  }

  /// The highest number that an entry itself has, 0 where there is none.
  package func lastWhole() throws -> LedgerSequence {
    let entries = try names().filter { $0.hasSuffix(".json") }
    return LedgerSequence(entries.compactMap(Self.number).max() ?? 0)
  }

  /// Checks entry after entry, from the first.
  ///
  /// - Parameters:
  ///   - last: the number of the last entry there must be.
  ///   - take: is handed each; what was taken before an error holds.
  /// - Throws: `OperatorError` with status `untrusted` and the entry named: `ledger.missing-entry`,
  ///   `ledger.unsigned`, `ledger.bad-signature`, `ledger.other-key`, `ledger.broken`; and what `take`
  ///   throws.
  package func run(through last: Int, _ take: (Ledger.VerifiedEntry) throws -> Void) throws {
    var previous: SHA256Digest?
    for number in 1..<(last + 1) {
      let verified = try load(LedgerSequence(number), after: previous)
      previous = verified.sha256
      try take(verified)
    }
  }

  private func names() throws -> [String] { try store.list("ledger/\(host)") }

  private static func number(_ name: String) -> Int? {
    guard let stem = name.split(separator: ".").first, let number = Int(stem), number > 0,
      number < 1 << 32
    else { return nil }
    return number
  }

  private func load(
    _ sequence: LedgerSequence, after previous: SHA256Digest?
  ) throws -> Ledger.VerifiedEntry {
    let name = ObjectName.ledgerEntry(host, sequence)
    guard try store.size(of: name) != nil else {
      throw untrusted(name, "missing-entry", "is missing: an entry was removed")
    }
    let bytes = try store.read(name, atMost: Self.largestEntry)
    if case .key(let key) = trust { try check(bytes, sequence, key) }
    guard let entry = try? JSONDocument.decode(LedgerEntry.self, from: bytes),
      entry.type == LedgerEntry.type, entry.format == StoreFormat.version
    else { throw untrusted(name, "broken", "is not a ledger entry of version 1") }
    guard entry.store == format.store else {
      throw untrusted(name, "broken", "belongs to another store, \(entry.store)")
    }
    guard entry.host == host.description, entry.sequence == sequence else {
      throw untrusted(name, "broken", "stands in the place of another entry")
    }
    guard entry.previous == previous else {
      throw untrusted(name, "broken", "does not follow the entry before it")
    }
    return Ledger.VerifiedEntry(entry: entry, sha256: SHA256Hasher.digest(of: bytes))
  }

  private func check(
    _ entry: [UInt8], _ sequence: LedgerSequence, _ key: VerifyingKey
  ) throws {
    let name = ObjectName.ledgerEntry(host, sequence)
    let signatureName = ObjectName.ledgerSignature(host, sequence)
    guard try store.size(of: signatureName) != nil else {
      throw untrusted(name, "unsigned", "has no signature")
    }
    let bytes = try store.read(signatureName, atMost: Self.largestSignature)
    do {
      _ = try entry.withBytes { entry throws(SignatureError) in
        try key.verify(String(decoding: bytes, as: UTF8.self), of: entry)
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
      "ledger.\(code)", .untrusted, "\(name) \(why)",
      hint: "nothing after this entry can be trusted; look for another copy of the store")
  }
}
