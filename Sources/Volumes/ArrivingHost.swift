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
    /// Something older of its name is here, and a known officer says what it is since.
    case superseded
    /// It waits beside the store for its officer's entry, and was proven.
    case staged
    /// The set has it as somebody made it whose key is not known.
    case unbelieved
    /// It is not to be had.
    case absent
  }

  let host: KeyID
  /// The ledger as it will be.
  let holding: HostHolding
  /// The last entry that is here.
  let last: LedgerSequence
  let key: VerifyingKey
  /// What officers rewrapped; nil where the ledger, or their chain, does not hold.
  let rewraps: ArrivingRewraps?
  /// The number of the last entry that there is, whether it holds or not.
  private let lastThere: Int
  private let walk: LedgerWalk
  /// The rows that the ledger here asks for: they were proven when they came.
  private let before: Set<Int>
  private(set) var states: [State] = []

  /// Plans what to take.
  ///
  /// - Parameters:
  ///   - host: whose things they are.
  ///   - merged: the store with the set.
  ///   - store: the store.
  ///   - format: what it is.
  ///   - key: the host's.
  ///   - officers: whose word is taken for what they rewrapped.
  ///   - known: the head that the keeper saw last.
  ///   - set: what is offered.
  ///   - checks: what was proven before.
  ///   - staged: what an import that was cut off left beside the store.
  ///   - dropped: snapshots that were let go of, here or where the set was made.
  /// - Throws: what the store fails with.
  init(
    _ host: KeyID, _ merged: MergedSource, _ store: any BlobStore, _ format: StoreFormat,
    _ key: VerifyingKey, _ officers: [VerifyingKey], knowing known: LedgerHead?,
    _ set: VolumeSet, _ checks: LastChecks, _ staged: Set<ObjectName>,
    without dropped: DroppedSnapshots
  ) throws {
    (self.host, self.key) = (host, key)
    walk = LedgerWalk(of: host, in: merged, format, trusting: .key(key))
    last = try LedgerWalk(of: host, in: store, format, trusting: .key(key)).lastWhole()
    var chain: RewrapLedger?
    var holding = try HostHolding(
      walk, isVouchedFor: true, knowing: known, without: dropped
    ) {
      chain = try RewrapLedger(in: merged, of: host, trusting: officers)
      return nil
    }
    rewraps = try chain.map {
      try ArrivingRewraps($0, of: host, in: store, trusting: officers) { name in
        holding.objects.row(of: name.path.utf8).map { !holding.isKept($0) } ?? false
      }
    }
    if let ledger = rewraps?.ledger { holding.rewrap(by: ledger) }
    self.holding = holding
    lastThere = try walk.last(unfinishedAfter: walk.lastWhole())
    before = try Self.added(
      along: walk, through: min(last.number, holding.head?.sequence.number ?? 0), holding.objects)
    states = try (0..<holding.objects.count).map { row in
      guard holding.isKept(row), let name = holding.objects.name(at: row) else { return .here }
      let size = holding.objects.size(at: row)
      let there = try store.size(of: name)
      if there != nil, rewraps?.isVouchedFor(name) == true,
        there != size || isRewrapped(row) || staged.contains(name)
      {
        return .superseded
      }
      switch there {
      case nil where rewraps?.isUnbelieved(name, of: set) == true: return .unbelieved
      case nil: return set.size(of: name) == size ? .offered : .absent
      case size:
        // What the ledger here asks for was proven when it came; what was hurt since is looked at again.
        let isProven = !checks.isHurt(name) && (before.contains(row) || checks.isGood(name))
        return isProven ? .here : .unproven
      default: return .absent
      }
    }
  }

  /// Whether an entry that is not here yet says what an object is.
  func isRewrapped(_ row: Int) -> Bool {
    holding.objects.name(at: row).map { rewraps?.isNew($0) ?? false } ?? false
  }

  /// Whether the ledger here asks for an object.
  func wasHere(_ row: Int) -> Bool { before.contains(row) }

  /// Whether the ledger holds up to an entry at which it breaks; what goes before is good.
  ///
  /// A ledger that contradicts itself in the end, or one that was rolled back, is good for nothing.
  var holdsUpToAnEntry: Bool { (holding.head?.sequence.number ?? 0) < lastThere }

  /// Whether the set has anything that is not here as it should be.
  var isOfferedSomething: Bool {
    states.contains { [.offered, .unproven, .superseded].contains($0) }
  }

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
          states[row] == .absent || states[row] == .unbelieved
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

  private static func added(
    along walk: LedgerWalk, through last: Int, _ objects: ObjectTable
  ) throws -> Set<Int> {
    var rows = Set<Int>()
    try walk.run(through: last) { verified in
      rows.formUnion(verified.entry.added.compactMap { objects.row(of: $0.name.utf8) })
    }
    return rows
  }
}
