package import Keeping
package import Repository
import Signatures
import Stores
package import Vocabulary

/// Retention: plans, marks what no rule keeps, and removes what was marked long enough ago.
package struct RetentionRun {
  /// What was removed.
  package struct Removal: Sendable {
    package let snapshots: [SnapshotPlace]
    package let objects: Int
    package let bytes: Int
  }

  /// What `--grace` may only raise.
  package static let leastGrace = TimeSpan.days(1)

  private let store: any BlobStore
  private let hosts: KnownHosts
  private let interruption: Interruption

  package init(in store: any BlobStore, of hosts: KnownHosts, interruption: Interruption) {
    (self.store, self.hosts, self.interruption) = (store, hosts, interruption)
  }

  /// Reads every ledger and says what would be done; nothing is changed.
  ///
  /// - Parameters:
  ///   - policy: what to keep.
  ///   - record: the keeper's, with receipts of what is there.
  ///   - despite: brakes that are released.
  ///   - drill: what is to be said of a drill that failed.
  /// - Returns: what stays and why, what goes and when.
  /// - Throws: what the store fails with.
  package func plan(
    _ policy: RetentionPolicy, _ record: KeeperRecord, despite: Set<Brake.Code> = [],
    failedDrill drill: String? = nil
  ) throws -> RetentionPlan {
    RetentionPlan(
      policy, try histories(knowing: record.ledger.book), record.ledger.book, despite: despite,
      failedDrill: drill, at: record.now)
  }

  /// Marks what the plan condemns, and notes the brakes that were released.
  ///
  /// - Parameters:
  ///   - plan: made just now.
  ///   - grace: how long what is marked still stays.
  ///   - record: the keeper's.
  /// - Throws: as `KeeperRecord.write`.
  package func mark(
    _ plan: RetentionPlan, grace: TimeSpan, in record: inout KeeperRecord
  ) throws {
    if !plan.accepted.isEmpty {
      try record.write(
        .accepted(
          plan.accepted.map { AcceptedFinding(code: $0.code.rawValue, place: $0.newest) }))
    }
    if !plan.condemn.isEmpty {
      try record.write(.condemned(plan.condemn, until: record.now + grace))
    }
  }

  /// Removes what was marked long enough ago, and ends what an earlier run began.
  ///
  /// The record says that snapshots go before the first object does, and that they are gone after the last:
  /// whoever dies between, or is stopped, is gone on from.
  ///
  /// - Parameters:
  ///   - plan: made just now.
  ///   - quiet: the right of every other writer to the store; no night is under way while it is held.
  ///   - record: the keeper's.
  /// - Returns: what was removed; nil where there was nothing to remove.
  /// - Throws: `retain.ledger-grew` where a night ended since the plan was made; what the store fails with.
  package func remove(
    _ plan: RetentionPlan, while quiet: [any WriterLease], in record: inout KeeperRecord
  ) throws -> Removal? {
    defer { for lease in quiet { lease.release() } }
    let places = (plan.ripe + plan.unfinished).sorted()
    guard !places.isEmpty else { return nil }
    try requireNothingNew(since: plan)
    let going = plan.objects(goingWith: places)
    if !plan.ripe.isEmpty { try record.write(.removing(plan.ripe)) }
    var (objects, bytes) = (0, 0)
    for name in going.keys.sorted() {
      try interruption.check()
      guard let size = try store.size(of: name) else { continue }
      try store.remove(name)
      (objects, bytes) = (objects + 1, bytes + size)
    }
    try record.write(.removed(places, objects: objects, bytes: bytes))
    return Removal(snapshots: places, objects: objects, bytes: bytes)
  }

  private func histories(knowing book: KeeperBook) throws -> [HostHistory] {
    let format = try StoreFormat.load(from: store)
    let known = book.receipts.keys.compactMap { KeyID($0) }
    let all = Set(try store.list("ledger").compactMap { KeyID($0) }).union(known)
    return try all.sorted { $0.description < $1.description }.map { host in
      try interruption.check()
      let trust = try hosts.trust(in: host)
      return try HostHistory(
        LedgerWalk(of: host, in: store, format, trusting: trust), isVouchedFor: trust.isSomebodys,
        knowing: book)
    }
  }

  /// An entry that came since may need what was to go.
  private func requireNothingNew(since plan: RetentionPlan) throws {
    let format = try StoreFormat.load(from: store)
    for host in try store.list("ledger").compactMap({ KeyID($0) }) {
      let walk = LedgerWalk(of: host, in: store, format, trusting: .nobody)
      guard try walk.lastWhole().number == plan.entryCount(of: host) else {
        throw OperatorError(
          "retain.ledger-grew", .locked,
          "a night of host \(host) ended while the store was looked at; nothing was removed",
          hint: "run again")
      }
    }
  }
}
