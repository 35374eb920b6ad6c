package import Keeping
package import Repository
import Signatures
import Vocabulary

/// Receipts for what the keeper has not seen before: in which order, and when.
package struct Reception: Sendable {
  private let store: any BlobStore
  private let hosts: KnownHosts

  package init(in store: any BlobStore, of hosts: KnownHosts) {
    (self.store, self.hosts) = (store, hosts)
  }

  /// Signs a receipt for every new entry of every ledger that a known key vouches for.
  ///
  /// Only what is new is read. A ledger that does not go on from what was received gets no receipt: what
  /// is wrong with it is for those to say who read all of it.
  ///
  /// - Parameter record: the keeper's.
  /// - Returns: how many entries were received.
  /// - Throws: what the store or the keeper's folder fail with.
  package func receive(into record: inout KeeperRecord) throws -> Int {
    let format = try StoreFormat.load(from: store)
    var new: [LedgerReceipt] = []
    for host in try store.list("ledger").compactMap({ KeyID($0) }) {
      let trust = try hosts.trust(in: host)
      guard case .key = trust else { continue }
      let receipts = record.ledger.book.receipts[host.description] ?? [:]
      let known = receipts.max { $0.key < $1.key }
        .map { LedgerHead(sequence: $0.key, sha256: $0.value.sha256) }
      let walk = LedgerWalk(of: host, in: store, format, trusting: trust)
      do {
        let last = try walk.lastWhole()
        try walk.run(after: known, through: last.number) { verified in
          let place = SnapshotPlace(
            host: host, sequence: verified.entry.sequence, snapshot: verified.entry.snapshot)
          new.append(LedgerReceipt(place: place, sha256: verified.sha256))
        }
      } catch let error as OperatorError where error.status == .untrusted {}
    }
    if !new.isEmpty { try record.write(.received(new)) }
    return new.count
  }
}
