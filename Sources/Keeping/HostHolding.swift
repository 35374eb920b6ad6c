package import Repository
package import Signatures
package import Vocabulary

/// What a store must hold for one host: the objects that its kept snapshots need, read from its ledger.
package struct HostHolding: Sendable {
  /// Whose ledger it is.
  package let host: KeyID
  /// Every object that an entry added, those of dropped snapshots too.
  package private(set) var objects = ObjectTable()
  /// The last entry that holds; nil where there is none.
  package private(set) var head: LedgerHead?
  /// What the host calls itself in that entry; nil where there is none.
  package private(set) var hostname: String?
  /// The snapshots that are kept.
  package private(set) var snapshots = 0
  /// What is wrong with the ledger after the last entry that holds.
  package private(set) var problem: OperatorError?
  /// Whether the host's key vouches for the ledger.
  package let isVouchedFor: Bool
  /// The ids of officers who rewrapped objects, and whose keys are not known.
  package private(set) var strangers: Set<String> = []
  /// The last entry about what officers rewrapped; nil where there is none, or their chain does not hold.
  package private(set) var rewrapHead: LedgerHead?
  /// The rows of kept objects that are in the store as they were before they were rewrapped.
  package private(set) var former: Set<Int> = []

  /// What the host signed for, of rows that were rewrapped.
  private var signed: [Int: NeededSet.Facts] = [:]
  /// For each row the entry since which it is needed; 0 where the newest entry does not need it.
  private var since: [UInt32] = []
  private var kept: [Bool] = []
  /// How many of the first N snapshots are kept, at N.
  private var keptBefore = [0]

  /// Whether a kept snapshot needs a row's object.
  package func isKept(_ row: Int) -> Bool { kept[row] }

  /// The rows of all objects that are kept, in the order of the ledger.
  package var keptRows: some Sequence<Int> { (0..<objects.count).lazy.filter { kept[$0] } }

  /// How many objects are kept.
  package var count: Int { kept.count { $0 } }

  /// How many bytes are kept.
  package var bytes: Int { keptRows.reduce(0) { $0 + objects.size(at: $1) } }

  /// Walks along a host's ledger.
  ///
  /// A ledger that does not hold is no reason to stop: what the entries before say still counts.
  ///
  /// - Parameters:
  ///   - walk: along the ledger.
  ///   - isVouchedFor: whether the walk checks signatures.
  ///   - known: the head that the keeper saw last.
  ///   - dropped: snapshots that are not kept.
  ///   - rewraps: reads what officers rewrapped, once the ledger holds.
  /// - Throws: what the store fails with.
  package init(
    _ walk: LedgerWalk, isVouchedFor: Bool, knowing known: LedgerHead?,
    without dropped: DroppedSnapshots, rewrapped rewraps: () throws -> RewrapLedger? = { nil }
  ) throws {
    (host, self.isVouchedFor) = (walk.host, isVouchedFor)
    do {
      // A night under way has its signature there a moment before its entry.
      let last = try walk.last(unfinishedAfter: walk.lastWhole())
      var seen: SHA256Digest?
      var needed: LedgerEntry.Needed?
      try walk.run(through: last) { verified in
        if verified.entry.sequence == known?.sequence { seen = verified.sha256 }
        try take(verified.entry, dropped)
        (head, hostname) = (verified.head, verified.entry.hostname)
        needed = verified.entry.needed
      }
      if let known, seen != known.sha256 { throw rolledBack(known) }
      if let needed, summary() != needed {
        throw broken("its needed set has another digest")
      }
      if let rewraps = try rewraps() { rewrap(by: rewraps) }
    } catch let error as OperatorError where error.status == .untrusted {
      problem = error
    }
    closeRows()
  }

  private mutating func take(_ entry: LedgerEntry, _ dropped: DroppedSnapshots) throws {
    let number = UInt32(entry.sequence.number)
    for name in entry.unneeded {
      guard let row = objects.row(of: name.utf8), since[row] > 0 else {
        throw broken("it drops '\(name)', which was not needed")
      }
      close(row, before: Int(number))
    }
    let isKept = dropped.keeps(entry.sequence, of: host)
    keptBefore.append(keptBefore[keptBefore.count - 1] + (isKept ? 1 : 0))
    for record in entry.added {
      guard ObjectName(ledgerText: record.name) != nil, NeededSet.Facts.sizes.contains(record.size)
      else { throw broken("it adds an object of an impossible name or size") }
      guard let row = objects.add(record.name, .init(size: record.size, sha256: record.sha256))
      else { throw broken("it says something else of \(record.name) than an earlier entry") }
      if row == since.count {
        since.append(number)
        kept.append(false)
      } else if since[row] == 0 {
        since[row] = number
      }
    }
  }

  /// Takes what officers rewrapped for what they say it is since.
  package mutating func rewrap(by rewraps: RewrapLedger) {
    (strangers, rewrapHead) = (rewraps.strangers, rewraps.head)
    for name in rewraps.names {
      guard let generation = rewraps[name], let row = objects.row(of: name.path.utf8) else {
        continue
      }
      signed[row] = signed[row] ?? objects.facts(at: row)
      objects.rewrap(name.path, to: generation.facts)
    }
  }

  /// Takes objects that are still as they were before an officer rewrapped them for that: it is no damage.
  ///
  /// Sizes tell; of two generations of one size an object must be the newer one.
  ///
  /// - Parameters:
  ///   - rewraps: what they were and are, the same that they were rewrapped by.
  ///   - store: where they lie.
  /// - Throws: what the store fails with.
  package mutating func acceptFormer(_ rewraps: RewrapLedger, in store: any BlobStore) throws {
    for name in rewraps.names {
      guard let row = objects.row(of: name.path.utf8), isKept(row), let signed = signed[row],
        let size = try store.size(of: name), size != objects.size(at: row)
      else { continue }
      let generations = [signed] + rewraps.earlierFacts(of: name)
      guard let found = generations.last(where: { $0.size == size }) else { continue }
      objects.rewrap(name.path, to: found)
      former.insert(row)
    }
  }

  /// Ends the time in which a row is needed.
  private mutating func close(_ row: Int, before number: Int) {
    if keptBefore[number - 1] > keptBefore[Int(since[row]) - 1] { kept[row] = true }
    since[row] = 0
  }

  /// Ends all times after the last entry that holds: nothing is kept for one that does not.
  private mutating func closeRows() {
    let end = (head?.sequence.number ?? 0) + 1
    snapshots = keptBefore[end - 1]
    for row in 0..<objects.count where since[row] > 0 { close(row, before: end) }
  }

  /// Count, bytes and digest of what the newest entry needs.
  private func summary() -> LedgerEntry.Needed {
    objects.summary(of: (0..<objects.count).filter { since[$0] > 0 })
  }

  private func broken(_ why: String) -> OperatorError {
    OperatorError(
      "ledger.broken", .untrusted, "the ledger of \(host) contradicts itself: \(why)",
      hint: "nothing after this entry can be trusted; look for another copy of the store")
  }

  private func rolledBack(_ known: LedgerHead) -> OperatorError {
    OperatorError(
      "ledger.rolled-back", .untrusted,
      "the ledger of \(host) does not contain entry \(known.sequence) \(known.sha256), which the "
        + "keeper remembers: the store was rolled back or its history rewritten",
      hint: "do not restore from it before you know why; look for a newer copy of the store")
  }
}
