import Keeping
import Repository
import SecretMemory
import Signatures
import Vocabulary

/// What a set brings of one host: entries after the last one that is here, and objects that they need.
///
/// Objects move through states; which entries may count follows from them.
struct ArrivingHost {
  /// How it stands with an object that a kept snapshot needs.
  enum State {
    /// It is here, and was proven.
    case here
    /// Something of its name and size is here that nobody has proven yet.
    case unproven
    /// It is in the set.
    case offered
    /// It is not to be had.
    case absent
  }

  let host: KeyID
  /// The ledger as it will be.
  let holding: HostHolding
  /// The last entry that is here.
  let last: LedgerSequence
  let key: VerifyingKey
  /// The number of the last entry that there is, whether it holds or not.
  private let lastThere: Int
  private let walk: LedgerWalk
  private(set) var states: [State] = []

  /// Plans what to take.
  ///
  /// - Parameters:
  ///   - host: whose things they are.
  ///   - merged: the store with the set.
  ///   - store: the store.
  ///   - format: what it is.
  ///   - key: the host's.
  ///   - known: the head that the keeper saw last.
  ///   - set: what is offered.
  ///   - checks: what was proven before.
  ///   - dropped: snapshots that were let go of, here or where the set was made.
  /// - Throws: what the store fails with.
  init(
    _ host: KeyID, _ merged: MergedSource, _ store: any BlobStore, _ format: StoreFormat,
    _ key: VerifyingKey, knowing known: LedgerHead?, _ set: VolumeSet, _ checks: LastChecks,
    without dropped: DroppedSnapshots
  ) throws {
    (self.host, self.key) = (host, key)
    walk = LedgerWalk(of: host, in: merged, format, trusting: .key(key))
    last = try LedgerWalk(of: host, in: store, format, trusting: .key(key)).lastWhole()
    holding = try HostHolding(
      walk, isVouchedFor: true, knowing: known, without: dropped
    ) { try RewrapLedger(in: merged, of: host) }
    lastThere = try walk.last(unfinishedAfter: walk.lastWhole())
    let proven = try addedHere()
    states = try (0..<holding.objects.count).map { row in
      guard holding.isKept(row), let name = holding.objects.name(at: row) else { return .here }
      let size = holding.objects.size(at: row)
      let isOffered = set.size(of: name) == size
      switch try store.size(of: name) {
      case nil: return isOffered ? .offered : .absent
      case size:
        // What the ledger here asks for was proven when it came; what was hurt since is looked at again.
        let isProven = !checks.isHurt(name) && (proven.contains(row) || checks.isGood(name))
        return isProven ? .here : .unproven
      default: return .absent
      }
    }
  }

  /// Whether the ledger holds up to an entry at which it breaks; what goes before is good.
  ///
  /// A ledger that contradicts itself in the end, or one that was rolled back, is good for nothing.
  var holdsUpToAnEntry: Bool { (holding.head?.sequence.number ?? 0) < lastThere }

  /// Whether the set has anything that is not here as it should be.
  var isOfferedSomething: Bool { states.contains { $0 == .offered || $0 == .unproven } }

  /// Whether an object gets its name just before its entry: manifests without a ledger are what somebody
  /// leaves who takes the ledger away.
  func comesLate(_ row: Int) -> Bool { holding.objects.text(at: row).hasPrefix("manifests/") }

  /// How many entries would be new here.
  var newEntries: Int { max(0, (holding.head?.sequence.number ?? 0) - last.number) }

  /// The rows of objects in a state.
  func rows(_ state: State) -> [Int] { states.indices.filter { states[$0] == state } }

  /// Notes what became of an object.
  mutating func note(_ row: Int, _ state: State) { states[row] = state }

  /// The last entry that may count: every snapshot since the last one here has all it needs.
  ///
  /// What is missing here of old snapshots is no reason to refuse new ones that do not need it.
  ///
  /// - Returns: the entry; the last one here where no new one may.
  /// - Throws: what the store fails with.
  func lastWhole() throws -> LedgerSequence {
    var (missing, lostBefore) = (Set<Int>(), Set<Int>())
    var whole = last
    try walk.run(through: holding.head?.sequence.number ?? 0) { verified in
      let isNew = verified.entry.sequence > last
      for name in verified.entry.unneeded {
        if let row = holding.objects.row(of: name.utf8) { lostBefore.remove(row) }
      }
      for record in verified.entry.added {
        guard let row = holding.objects.row(of: record.name.utf8), holding.isKept(row),
          states[row] == .absent
        else { continue }
        if isNew { missing.insert(row) } else { lostBefore.insert(row) }
      }
      if isNew, missing.isEmpty, lostBefore.isEmpty { whole = verified.entry.sequence }
    }
    return whole
  }

  /// The rows of an entry's objects that are still in the set alone.
  func late(of entry: LedgerEntry) -> [Int] {
    entry.added.compactMap { holding.objects.row(of: $0.name.utf8) }
      .filter { states[$0] == .offered }
  }

  /// Hands on the new entries up to one, in their order.
  ///
  /// - Throws: what the store fails with, and what `take` throws.
  func newEntries(
    through last: LedgerSequence, _ take: (Ledger.VerifiedEntry) throws -> Void
  ) throws {
    try walk.run(through: last.number) { verified in
      if verified.entry.sequence > self.last { try take(verified) }
    }
  }

  /// The rows that the ledger here asks for: they were proven when they came.
  private func addedHere() throws -> Set<Int> {
    var rows = Set<Int>()
    try walk.run(through: min(last.number, holding.head?.sequence.number ?? 0)) { verified in
      rows.formUnion(verified.entry.added.compactMap { holding.objects.row(of: $0.name.utf8) })
    }
    return rows
  }
}
