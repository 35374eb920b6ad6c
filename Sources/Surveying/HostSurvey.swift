package import Keeping
package import Repository
import Signatures
package import Vocabulary

/// What is to be said of one host of a store.
package struct HostSurvey: Sendable {
  /// When an entry of its ledger was received.
  package struct Receipt: Sendable {
    package let sequence: LedgerSequence
    package let time: Timestamp
  }

  /// What its ledger says that the store must hold.
  package let holding: HostHolding
  /// How many of the kept snapshots are marked, to go later.
  package let marked: Int
  /// How many of the kept snapshots are held.
  package let held: Int
  /// How many snapshots the keeper has let go of.
  package let gone: Int
  /// The keeper's receipt for the newest entry that has one.
  package let newestReceipt: Receipt?

  /// Puts together what a ledger and the keeper's entries say.
  init(_ holding: HostHolding, _ book: KeeperBook) {
    self.holding = holding
    let host = holding.host.description
    let receipts = book.receipts[host] ?? [:]
    marked = book.condemned.keys.count { $0.host == host }
    gone = book.gone.keys.count { $0.host == host }
    held = receipts.count { number, receipt in
      let place = SnapshotPlace(
        host: holding.host, sequence: number, snapshot: receipt.snapshot)
      return book.holds[receipt.snapshot] != nil && book.gone[place] == nil
    }
    newestReceipt = receipts.max { $0.key < $1.key }
      .map { Receipt(sequence: $0.key, time: $0.value.time) }
  }

  /// How many entries of the ledger have no receipt yet.
  package var unreceived: Int {
    max(0, (holding.head?.sequence.number ?? 0) - (newestReceipt?.sequence.number ?? 0))
  }
}
