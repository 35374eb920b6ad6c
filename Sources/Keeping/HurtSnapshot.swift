package import Repository
import Signatures
import Vocabulary

/// A snapshot that needs an object which is hurt or missing.
package struct HurtSnapshot: Sendable {
  package let place: SnapshotPlace
  /// How many hurt objects it needs.
  package let count: Int
  /// Some of them, all where they are few.
  package let objects: [String]
}

extension HurtSnapshot {
  /// So many hurt objects are named with each snapshot; each is named once in any case.
  private static let mostNamed = 100

  /// The kept snapshots of a host that need any of some objects, from one walk along its ledger.
  ///
  /// - Throws: what the store fails with; a ledger that does not hold ends the walk.
  package static func all(
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
          place: SnapshotPlace(of: entry), count: needed.count,
          objects: needed.prefix(mostNamed).sorted()))
    }
    return snapshots
  }
}
