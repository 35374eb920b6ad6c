package import Repository
package import Signatures
package import Vocabulary

/// What a store must hold, for every host that has a ledger in it or had one.
package struct StoreHoldings: Sendable {
  /// Host by host, in the order of their ids.
  package let hosts: [HostHolding]

  /// Reads every ledger in a store.
  ///
  /// - Parameters:
  ///   - store: the store.
  ///   - known: whose keys the keeper knows.
  ///   - heads: what he saw last.
  ///   - dropped: snapshots that are not kept.
  /// - Throws: `store.missing`, and what the store fails with; what is wrong with one host's ledger is
  ///   in that host's holding.
  package init(
    in store: any BlobStore, of known: KnownHosts, remembering heads: RememberedHeads,
    without dropped: DroppedSnapshots
  ) throws {
    let format = try StoreFormat.load(from: store)
    let present = try store.list("ledger").compactMap { KeyID($0) }
    let all = Set(present).union(heads.hosts).sorted { $0.description < $1.description }
    hosts = try all.map { host in
      let trust = try known.trust(in: host)
      var rewraps: RewrapLedger?
      var holding = try HostHolding(
        LedgerWalk(of: host, in: store, format, trusting: trust),
        isVouchedFor: trust.isSomebodys, knowing: heads[host], without: dropped
      ) {
        rewraps = try RewrapLedger(in: store, of: host, trusting: known.officers())
        return rewraps
      }
      if let rewraps { try holding.acceptFormer(rewraps, in: store) }
      return holding
    }
  }

  /// What is wrong with ledgers: what they would ask for after that is not known, and nothing of it may go.
  package var problems: [OperatorError] { hosts.compactMap(\.problem) }

  /// The heads of the ledgers that hold.
  package var soundHeads: [KeyID: LedgerHead] {
    let sound = hosts.filter { $0.problem == nil }.compactMap { host in
      host.head.map { (host.host, $0) }
    }
    return Dictionary(uniqueKeysWithValues: sound)
  }

  /// Whether any kept snapshot of any host needs an object.
  package func keep(_ name: String) -> Bool {
    hosts.contains { holding in
      holding.objects.row(of: name.utf8).map(holding.isKept) ?? false
    }
  }
}
