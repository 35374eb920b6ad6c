package import Keeping
package import Repository
package import Vocabulary

/// Checks what a store holds against what the hosts' ledgers say it must hold.
///
/// It can be killed at any moment: the next one goes on where it was.
package struct Scrub {
  /// An object that is not what the host signed for.
  package struct Hurt: Sendable {
    package let object: String
    package let problem: OperatorError
  }

  /// What to do with what is hurt.
  package enum Mending: Sendable {
    /// Name it.
    case report
    /// Mend what parity can mend; make hurt parity again, so many percent of the objects.
    case mend(percent: Int)
  }

  /// What came out.
  package struct Report: Sendable {
    /// Objects that kept snapshots need, and their parity; and the bytes of these.
    package let objects: Int
    package let bytes: Int
    /// Of these, what this run looked at.
    package let checkedObjects: Int
    package let checkedBytes: Int
    /// Whether it went on with a scrub that was cut off.
    package let isResumed: Bool
    /// What was hurt and is whole again, in the order of names.
    package let mended: [String]
    /// What is hurt, in the order of names.
    package let hurt: [Hurt]
    /// What has its old header while the new one waits; not checked, in the order of names.
    package let waiting: [String]
    package let hurtSnapshots: [HurtSnapshot]
    package let unreferenced: [String]
    /// How many objects no parity protects.
    package let unprotected: Int
    /// How many objects no scrub has looked at yet.
    package let unchecked: Int
    /// When the object whose last check is oldest was checked; nil where one never was.
    package let oldest: Timestamp?
  }

  private let store: any BlobStore
  private let keeper: KeeperFolder
  private let holdings: StoreHoldings
  private let dropped: DroppedSnapshots
  private let waiting: Set<String>
  private let meter: ProgressMeter
  private let interruption: Interruption

  /// Prepares to check.
  ///
  /// - Parameters:
  ///   - store: the store.
  ///   - keeper: what the keeper remembers.
  ///   - holdings: what the store must hold.
  ///   - dropped: the snapshots that the holdings leave out.
  ///   - waiting: objects whose new headers wait to take their places; they are not checked.
  ///   - meter: what progress is shown on.
  ///   - interruption: asks it to stop.
  package init(
    _ store: any BlobStore, _ keeper: KeeperFolder, _ holdings: StoreHoldings,
    without dropped: DroppedSnapshots, waiting: Set<ObjectName> = [], meter: ProgressMeter,
    interruption: Interruption
  ) {
    self.waiting = Set(waiting.map(\.path))
    (self.store, self.keeper, self.holdings, self.dropped) = (store, keeper, holdings, dropped)
    (self.meter, self.interruption) = (meter, interruption)
  }

  /// Checks a share of the store: what was never checked or was hurt first, then what was checked longest ago.
  ///
  /// - Parameters:
  ///   - share: how much of it.
  ///   - rate: how fast at most.
  ///   - mending: what to do with what is hurt.
  /// - Returns: what was found; that something is hurt is no error.
  /// - Throws: `interrupted`, `keeper.unusable`, and what the store fails with.
  package func run(
    _ share: CheckShare, atMost rate: ByteRate, mending: Mending
  ) throws -> Report {
    let dates = CheckDates(in: keeper)
    var book = try ParityBook(in: store, holdings)
    let list = CheckList(holdings, book.objects)
    var memory = try CheckMemory(dates, of: list)
    let plan = memory.plan(share).filter { !waits($0, in: list) }
    let isResumed = memory.isResumed
    if !isResumed { try dates.startPass() }
    meter.begin("objects", total: plan.reduce(0) { $0 + list.size(of: $1) })
    let found = try ObjectChecks(
      store, list, dates, rate: rate, meter: meter, interruption: interruption
    ).run(plan)
    var problems = found.problems
    for item in found.checked { memory.note(.now(problems[item]), of: item) }
    let wasHurt = memory.hurt.filter { !waits($0, in: list) }
    if case .mend(let percent) = mending, !wasHurt.isEmpty {
      try mend(wasHurt, list, book, percent, rate) { item, problem in
        memory.note(.now(problem), of: item)
        problems[item] = problem
        try dates.add([(list.text(of: item), .now(problem))])
      }
      // Hurt parity was made anew, and what no batch had before may be in one now.
      book = try ParityBook(in: store, holdings)
    }
    let hurt = memory.hurt.filter { !waits($0, in: list) }
    let stillHurt = Set(hurt)
    let report = Report(
      objects: list.items.count, bytes: list.items.reduce(0) { $0 + list.size(of: $1) },
      checkedObjects: found.checked.count,
      checkedBytes: found.checked.reduce(0) { $0 + list.size(of: $1) },
      isResumed: isResumed,
      mended: wasHurt.filter { !stillHurt.contains($0) }.map(list.text(of:)).sorted(),
      hurt: hurt.map { Hurt($0, problems[$0], list) }.sorted { $0.object < $1.object },
      waiting: list.items.filter { waits($0, in: list) }.map(list.text(of:)).sorted(),
      hurtSnapshots: try snapshots(needing: hurt, of: list),
      unreferenced: try UnreferencedObjects.all(in: store, holdings, book),
      unprotected: list.items.count { !list.isParity($0) && book.cover(of: $0) == nil },
      unchecked: memory.unchecked, oldest: memory.oldest)
    try dates.finishPass()
    try dates.rewrite(memory.checks)
    return report
  }

  private func waits(_ item: CheckList.Item, in list: CheckList) -> Bool {
    !waiting.isEmpty && waiting.contains(list.text(of: item))
  }

  /// Mends objects first, then the parity that was hurt, from what is whole again.
  private func mend(
    _ hurt: [CheckList.Item], _ list: CheckList, _ book: ParityBook, _ percent: Int,
    _ rate: ByteRate, _ tell: (Repair.Outcome) throws -> Void
  ) throws {
    try Repair(store, list, book, interruption: interruption)
      .run(hurt.filter { !list.isParity($0) }, tell)
    let parity = hurt.filter(list.isParity)
    guard !parity.isEmpty, holdings.problems.isEmpty else { return }
    _ = try Protection(store, holdings, meter: meter, interruption: interruption).run(
      percent: percent, remaking: Set(parity.compactMap { list.name(of: $0).parityBatch }),
      atMost: rate)
    // A batch made anew may have another name; then what was hurt is gone on purpose.
    let names = try ParityBook(in: store, holdings).objects
    for item in parity {
      let isGone = names.row(of: list.text(of: item).utf8) == nil
      try tell((item, isGone ? nil : try list.problem(of: item, in: store)))
    }
  }

  private func snapshots(
    needing hurt: [CheckList.Item], of list: CheckList
  ) throws -> [HurtSnapshot] {
    let format = try StoreFormat.load(from: store)
    return try holdings.hosts.enumerated().flatMap { table, holding in
      // Only what this host says of an object counts for its snapshots.
      let names = Set(hurt.filter { $0.table == table }.map(list.text(of:)))
      guard !names.isEmpty, let head = holding.head else { return [HurtSnapshot]() }
      // The signatures were checked when the holdings were read.
      let walk = LedgerWalk(of: holding.host, in: store, format, trusting: .nobody)
      return try HurtSnapshot.all(walk, through: head, needing: names, without: dropped)
    }
  }
}

extension Scrub.Hurt {
  /// What a check found; nil where a scrub that was cut off found it.
  fileprivate init(_ item: CheckList.Item, _ problem: OperatorError?, _ list: CheckList) {
    object = list.text(of: item)
    self.problem =
      problem
      ?? OperatorError(
        "object.hurt", .mismatch, "\(object) was hurt when it was checked last",
        hint: "it is damaged or forged; fetch it from another copy of the store")
  }
}

extension CheckDates.Check {
  /// A check that has just found this.
  fileprivate static func now(_ problem: OperatorError?) -> CheckDates.Check {
    CheckDates.Check(time: .now(), outcome: problem == nil ? .good : .hurt)
  }
}
