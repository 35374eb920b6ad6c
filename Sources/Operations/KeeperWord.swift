package import Repository
import Signatures
package import Vocabulary

/// What a store's keeper says of its snapshots, and whether his word is taken.
package enum KeeperWord: Sendable {
  /// Nobody named his key: what is missing is missing. Whether he left entries at all is known.
  case notAsked(isThere: Bool)
  case book(KeeperBook)

  /// Reads a keeper's entries.
  ///
  /// - Parameters:
  ///   - store: the store.
  ///   - key: the keeper's, nil where his word is not taken.
  /// - Throws: `receipts.missing-entry` and the like where his entries do not hold.
  init(in store: any BlobStore, trusting key: VerifyingKey?) throws {
    guard let key else {
      self = .notAsked(isThere: try KeeperLedger.isThere(in: store))
      return
    }
    self = .book(try KeeperLedger(in: store, of: key).book)
  }

  private var book: KeeperBook? {
    if case .book(let book) = self { book } else { nil }
  }

  /// Since when a snapshot is gone on purpose; nil where it is there.
  package func removal(of entry: LedgerEntry) -> Timestamp? { book?.gone[entry.place] }

  /// The moment from which a marked snapshot may go; nil where it is not marked.
  package func mark(of entry: LedgerEntry) -> Timestamp? { book?.condemned[entry.place] }

  /// Why the keeper will not let a snapshot go; nil where he does not say.
  package func hold(of entry: LedgerEntry) -> String? { book?.holds[entry.snapshot]?.reason }

  /// What to do where objects are missing and nobody named the keeper.
  package var hint: String? {
    guard case .notAsked(isThere: true) = self else { return nil }
    return "a keeper left entries in this store: with his public key as --keeper, what he removed "
      + "on purpose is told from what is lost"
  }
}

extension LedgerEntry {
  /// Its place, as a keeper names it.
  var place: SnapshotPlace { SnapshotPlace(of: self) }
}
