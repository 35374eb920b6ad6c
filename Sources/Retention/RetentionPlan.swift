package import Repository
package import Signatures
package import Vocabulary

/// What retention would do with a store: which snapshots stay and why, which go and when.
package struct RetentionPlan: Sendable {
  /// A snapshot, and why it stays; it goes where there is no reason.
  package struct Verdict: Sendable {
    package let snapshot: KnownSnapshot
    package let reasons: [RetentionPolicy.Reason]
  }

  /// Every snapshot that is not gone, host by host, in the order of their ledgers.
  package let verdicts: [Verdict]
  /// The brakes that hold: nothing of their hosts goes.
  package let findings: [Brake.Finding]
  /// The brakes that would hold, and that somebody released for this run.
  package let accepted: [Brake.Finding]
  /// What is wrong with ledgers: nothing of their hosts goes.
  package let problems: [OperatorError]
  /// To be marked now.
  package let condemn: [SnapshotPlace]
  /// Marked, and to go after a moment yet to come.
  package let waiting: [(place: SnapshotPlace, until: Timestamp)]
  /// Marked long enough ago.
  package let ripe: [SnapshotPlace]
  /// Whose removal an earlier run began and did not end.
  package let unfinished: [SnapshotPlace]

  private let histories: [HostHistory]
  private let book: KeeperBook

  /// Plans.
  ///
  /// - Parameters:
  ///   - policy: what to keep.
  ///   - histories: every ledger of the store.
  ///   - book: what the keeper did so far; every entry of the ledgers that may go has its receipt in it.
  ///   - despite: brakes that are released.
  ///   - drill: what is to be said of a drill that failed, nil where none did.
  ///   - clock: the keeper's clock; where it went back, the time of his newest entry counts.
  package init(
    _ policy: RetentionPolicy, _ histories: [HostHistory], _ book: KeeperBook,
    despite: Set<Brake.Code>, failedDrill drill: String?, at clock: Timestamp
  ) {
    let now = max(clock, book.time ?? clock)
    (self.histories, self.book) = (histories, book)
    var verdicts: [Verdict] = []
    var findings: [Brake.Finding] = []
    var going: [SnapshotPlace] = []
    for history in histories {
      let all = Self.snapshots(of: history, book)
      let there = all.filter { book.gone[$0.place] == nil }
      let judged = Self.judge(there, history, policy, book, at: now)
      verdicts += judged
      let free = judged.filter(\.reasons.isEmpty).map(\.snapshot)
      let brake = Brake(
        all: all, there: there, going: free,
        accepted: book.accepted[history.host.description] ?? [:], recent: policy.floors.age, at: now
      )
      var found = brake.findings()
      if let drill, let newest = there.last, !free.isEmpty {
        found.append(Brake.Finding(code: .drillFailed, newest: newest.place, text: drill))
      }
      findings += found
      let holds = found.contains { !despite.contains($0.code) }
      if !holds, history.problem == nil, history.isVouchedFor { going += free.map(\.place) }
    }
    self.verdicts = verdicts
    self.findings = findings.filter { !despite.contains($0.code) }
    accepted = findings.filter { despite.contains($0.code) }
    problems = histories.compactMap(\.problem)
    condemn = going.filter { book.condemned[$0] == nil }
    let marked = going.compactMap { place in book.condemned[place].map { (place, $0) } }
    waiting = marked.filter { $0.1 > now }.map { (place: $0.0, until: $0.1) }
    let over = marked.filter { $0.1 <= now }.map(\.0)
    ripe = over + histories.flatMap { Self.followers(of: Set(over), in: $0, book) }
    unfinished = book.removing.keys.sorted()
  }

  /// Whether there is anything to remove now.
  package var hasToRemove: Bool { !ripe.isEmpty || !unfinished.isEmpty }

  /// The hosts whose keys are not known: nothing of them goes.
  package var strangers: [KeyID] { histories.filter { !$0.isVouchedFor }.map(\.host) }

  /// The objects that go with snapshots: what no other one needs that is not gone, nor any host's next night.
  ///
  /// - Parameter places: the snapshots.
  /// - Returns: the objects with their sizes, as the ledgers have them.
  package func objects(goingWith places: [SnapshotPlace]) -> [ObjectName: Int] {
    let going = Set(places)
    let numbers = histories.map { history in
      let kept = history.entries.filter { !going.contains($0.place) && isKept($0, of: history) }
      return (
        going: EntryNumbers(
          history.entries.filter { going.contains($0.place) }.map(\.place.sequence.number)),
        kept: EntryNumbers(kept.map(\.place.sequence.number))
      )
    }
    var objects: [ObjectName: Int] = [:]
    for (history, numbers) in zip(histories, numbers) {
      objects.merge(history.objects.needed(by: numbers.going, not: numbers.kept)) { $1 }
    }
    for (history, numbers) in zip(histories, numbers) {
      history.objects.spare(&objects, for: numbers.kept)
    }
    return objects
  }

  /// How many entries a host's ledger had.
  func entryCount(of host: KeyID) -> Int {
    histories.first { $0.host == host }?.last ?? 0
  }

  /// Whether what an entry needs must stay; of a ledger that is not whole all of it must.
  private func isKept(_ entry: HostHistory.Entry, of history: HostHistory) -> Bool {
    if history.problem != nil || !history.isVouchedFor { return true }
    if entry.place == history.head?.place { return true }
    return book.gone[entry.place] == nil
  }

  /// Entries that hold no source, after snapshots that are gone or go: nobody restores them.
  private static func followers(
    of going: Set<SnapshotPlace>, in history: HostHistory, _ book: KeeperBook
  ) -> [SnapshotPlace] {
    guard history.problem == nil, history.isVouchedFor else { return [] }
    var isGoing = false
    var found: [SnapshotPlace] = []
    for entry in history.entries {
      if entry.holdsSources {
        isGoing = going.contains(entry.place) || book.gone[entry.place] != nil
      } else if isGoing, entry.place != history.head?.place, book.gone[entry.place] == nil {
        found.append(entry.place)
      }
    }
    return found
  }

  /// The snapshots of a ledger that the keeper has received.
  private static func snapshots(of history: HostHistory, _ book: KeeperBook) -> [KnownSnapshot] {
    let receipts = book.receipts[history.host.description] ?? [:]
    let received = history.entries.compactMap { entry in
      receipts[entry.place.sequence].map { (entry: entry, receipt: $0) }
    }
    // Entries that came with one look stand together.
    let looks = received.chunked { $0.receipt.entry == $1.receipt.entry }
    let first = looks.first?[0].receipt.entry
    return looks.flatMap { group in
      let look = group[0].receipt.time
      let isFirst = group[0].receipt.entry == first
      // A clock that stood still or went back leaves no time between two looks.
      let before = isFirst ? nil : book.looks.last { $0 < look } ?? look
      return zip(group, ReckonedTimes.spread(group.count, at: look, after: before)).map {
        KnownSnapshot(
          place: $0.entry.place, received: look, reckoned: $1, sources: $0.entry.sources,
          seals: $0.entry.seals)
      }
    }.filter { $0.sources.contains(where: \.isThere) }
  }

  private static func judge(
    _ snapshots: [KnownSnapshot], _ history: HostHistory, _ policy: RetentionPolicy,
    _ book: KeeperBook, at now: Timestamp
  ) -> [Verdict] {
    var reasons: [SnapshotPlace: [RetentionPolicy.Reason]] = [:]
    for series in Dictionary(grouping: snapshots, by: \.series).values {
      for (snapshot, why) in zip(series, policy.reasons(for: series, at: now)) {
        reasons[snapshot.place] = why
      }
    }
    var newest: [SourceName: SnapshotPlace] = [:]
    for snapshot in snapshots {
      for source in snapshot.sources where source.state == .saved {
        newest[source.name] = snapshot.place
      }
    }
    for (source, place) in newest.sorted(by: { $0.key < $1.key }) {
      reasons[place, default: []].append(.newest(source))
    }
    return snapshots.map { snapshot in
      var why = reasons[snapshot.place] ?? []
      if let hold = book.holds[snapshot.place.snapshot] { why.append(.held(hold.reason)) }
      if snapshot.place == history.head?.place { why.append(.head) }
      return Verdict(snapshot: snapshot, reasons: why)
    }
  }
}

extension Array {
  /// Its runs of neighbours that belong together.
  fileprivate func chunked(by belongTogether: (Element, Element) -> Bool) -> [[Element]] {
    var runs: [[Element]] = []
    for element in self {
      if let last = runs.last?.last, belongTogether(last, element) {
        runs[runs.count - 1].append(element)
      } else {
        runs.append([element])
      }
    }
    return runs
  }
}
