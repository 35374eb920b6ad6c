package import Signatures
import Vocabulary

/// A walk along one host's ledger, entry by entry, each checked before it is handed on and none kept.
package struct LedgerWalk: Sendable {
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
    try store.expectReading(of: names(through: last))
    var previous: SHA256Digest?
    for number in 1..<(last + 1) {
      let verified = try load(LedgerSequence(number), after: previous)
      previous = verified.sha256
      try take(verified)
    }
  }

  private func names(through last: Int) -> [ObjectName] {
    (1..<(last + 1)).flatMap { number in
      let sequence = LedgerSequence(number)
      let entry = ObjectName.ledgerEntry(host, sequence)
      return trust.isSomebodys ? [entry, .ledgerSignature(host, sequence)] : [entry]
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
    let link = LedgerLink(of: host, in: format, at: sequence, after: previous)
    let name = ObjectName.ledgerEntry(host, sequence)
    guard try store.size(of: name) != nil else {
      throw link.untrusted("missing-entry", "is missing: an entry was removed")
    }
    let bytes = try store.read(name, atMost: LedgerLink.largestEntry)
    if case .key(let key) = trust {
      let signature = ObjectName.ledgerSignature(host, sequence)
      guard try store.size(of: signature) != nil else {
        throw link.untrusted("unsigned", "has no signature")
      }
      try link.check(
        store.read(signature, atMost: LedgerLink.largestSignature), of: bytes, by: key)
    }
    return try link.read(bytes)
  }
}
