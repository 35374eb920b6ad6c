import Keeping
package import Repository
import Signatures
import Vocabulary

/// A snapshot that needs an object which is hurt.
package struct HurtSnapshot: Sendable {
  package let host: String
  package let snapshot: SnapshotID
  package let sequence: LedgerSequence
  /// The hurt objects that it needs.
  package let objects: [String]
}

extension HurtSnapshot {
  /// The kept snapshots of a host that need any of some objects, from one walk along its ledger.
  ///
  /// - Throws: what the store fails with; a ledger that does not hold ends the walk.
  static func all(
    _ walk: LedgerWalk, through head: LedgerHead, needing hurt: Set<String>,
    without dropped: DroppedSnapshots
  ) throws -> [HurtSnapshot] {
    var needed: Set<String> = []
    var snapshots: [HurtSnapshot] = []
    try walk.run(through: head.sequence.number) { verified in
      let entry = verified.entry
      needed.subtract(entry.unneeded)
      needed.formUnion(entry.added.lazy.map(\.name).filter(hurt.contains))
      guard !needed.isEmpty, dropped.keeps(entry.sequence, of: walk.host) else { return }
      snapshots.append(
        HurtSnapshot(
          host: entry.host, snapshot: entry.snapshot, sequence: entry.sequence,
          objects: needed.sorted()))
    }
    return snapshots
  }
}
