import Dispatch
package import Signatures
import Synchronization
import Vocabulary

/// A walk along one host's ledger, entry by entry, each checked before it is handed on and none kept.
package struct LedgerWalk: Sendable {
  private static let loadedTogether = 16

  package let host: KeyID
  private let store: any BlobSource
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
    of host: KeyID, in store: any BlobSource, _ format: StoreFormat, trusting trust: LedgerTrust
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

  /// Checks entry after entry, from the first, or after one that was checked before.
  ///
  /// - Parameters:
  ///   - known: the entry that was checked before.
  ///   - last: the number of the last entry there must be.
  ///   - take: is handed each; what was taken before an error holds.
  /// - Throws: `OperatorError` with status `untrusted` and the entry named: `ledger.missing-entry`,
  ///   `ledger.unsigned`, `ledger.bad-signature`, `ledger.other-key`, `ledger.broken`; and what `take`
  ///   throws.
  package func run(
    after known: LedgerHead? = nil, through last: Int,
    _ take: (Ledger.VerifiedEntry) throws -> Void
  ) throws {
    let first = (known?.sequence.number ?? 0) + 1
    guard first <= last else { return }
    try store.expectReading(of: names(first...last))
    var previous = known?.sha256
    for start in stride(from: first, through: last, by: Self.loadedTogether) {
      // Signatures and JSON are what takes time; the links are then followed one by one.
      for result in load(start..<min(start + Self.loadedTogether, last + 1)) {
        let verified = try result.get()
        try link(verified.entry.sequence).require(verified, after: previous)
        previous = verified.sha256
        try take(verified)
      }
    }
  }

  /// Reads entries on all cores; their links are not looked at.
  private func load(_ numbers: Range<Int>) -> [Result<Ledger.VerifiedEntry, any Error>] {
    let loaded = Mutex<[Int: Result<Ledger.VerifiedEntry, any Error>]>([:])
    DispatchQueue.concurrentPerform(iterations: numbers.count) { place in
      let number = numbers.lowerBound + place
      let result = Result { try load(LedgerSequence(number)) }
      loaded.withLock { $0[number] = result }
    }
    return loaded.withLock { loaded in numbers.compactMap { loaded[$0] } }
  }

  private func link(_ sequence: LedgerSequence) -> LedgerLink {
    LedgerLink(of: host, in: format, at: sequence)
  }

  private func names(_ numbers: ClosedRange<Int>) -> [ObjectName] {
    numbers.flatMap { number in
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

  private func load(_ sequence: LedgerSequence) throws -> Ledger.VerifiedEntry {
    let link = link(sequence)
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
