package import Repository
package import Signatures

/// Snapshots that the keeper has let go of on purpose: what only they need is not missed.
package struct DroppedSnapshots: Sendable {
  private var numbers: [KeyID: Set<Int>] = [:]

  /// None.
  package init() {}

  /// Those that the keeper's entries say are gone; none where he has no key yet.
  ///
  /// - Parameters:
  ///   - store: the store.
  ///   - keeper: the keeper's folder.
  /// - Throws: what is wrong with the keeper's entries.
  package init(in store: any BlobStore, of keeper: KeeperFolder) throws {
    self.init(try KeeperRecord.ledger(in: store, of: keeper)?.book ?? KeeperBook())
  }

  /// Those that a keeper's entries, which were read before, say are gone.
  package init(_ book: KeeperBook) {
    for place in book.gone.keys {
      if let host = KeyID(place.host) { insert(place.sequence, of: host) }
    }
  }

  /// Lets go of a host's snapshot.
  package mutating func insert(_ sequence: LedgerSequence, of host: KeyID) {
    numbers[host, default: []].insert(sequence.number)
  }

  /// Whether a host's snapshot is kept.
  package func keeps(_ sequence: LedgerSequence, of host: KeyID) -> Bool {
    numbers[host]?.contains(sequence.number) != true
  }
}
