package import Repository
package import Signatures

/// Snapshots that the keeper has let go of on purpose: what only they need is not missed.
package struct DroppedSnapshots: Sendable {
  private var numbers: [KeyID: Set<Int>] = [:]

  /// None.
  package init() {}

  /// Lets go of a host's snapshot.
  package mutating func insert(_ sequence: LedgerSequence, of host: KeyID) {
    numbers[host, default: []].insert(sequence.number)
  }

  /// Whether a host's snapshot is kept.
  package func keeps(_ sequence: LedgerSequence, of host: KeyID) -> Bool {
    numbers[host]?.contains(sequence.number) != true
  }
}
