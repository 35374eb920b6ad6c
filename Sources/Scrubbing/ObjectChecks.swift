import Dispatch
import Keeping
import Repository
import Synchronization
import Vocabulary

/// Checks many objects at once, and makes what was found durable as it goes.
struct ObjectChecks {
  /// What checks found.
  struct Findings {
    /// What was checked, in no order.
    fileprivate(set) var checked: [CheckList.Item] = []
    /// What is wrong with what is hurt.
    fileprivate(set) var problems: [CheckList.Item: OperatorError] = [:]
  }

  /// Checks that may be lost with a process: as many as are quickly done again.
  private static let mostUnsaved = 1000
  private static let longestUnsaved = Duration.seconds(2)

  private struct Unsaved {
    var checks: [(name: String, check: CheckDates.Check)] = []
    var since = ContinuousClock.now
  }

  private let store: any BlobStore
  private let list: CheckList
  private let dates: CheckDates
  private let rate: ByteRate
  private let meter: ProgressMeter
  private let interruption: Interruption

  init(
    _ store: any BlobStore, _ list: CheckList, _ dates: CheckDates, rate: ByteRate,
    meter: ProgressMeter, interruption: Interruption
  ) {
    (self.store, self.list, self.dates) = (store, list, dates)
    (self.rate, self.meter, self.interruption) = (rate, meter, interruption)
  }

  /// Checks objects, beginning with the first.
  ///
  /// - Returns: what was found of each that was checked, in no order.
  /// - Throws: `interrupted`, `keeper.unusable`, and what the store fails with where that is not the
  ///   object's fault; what was checked until then is durable all the same.
  func run(_ items: [CheckList.Item]) throws -> Findings {
    let next = Atomic(0)
    let found = Mutex(Findings())
    let unsaved = Mutex(Unsaved())
    let failure = Mutex<(any Error)?>(nil)
    DispatchQueue.concurrentPerform(iterations: coreCount()) { _ in
      while failure.withLock({ $0 == nil }) {
        let place = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard place < items.count else { return }
        do {
          let problem = try check(items[place])
          found.withLock { found in
            found.checked.append(items[place])
            found.problems[items[place]] = problem
          }
          try unsaved.withLock { try note(items[place], problem, &$0) }
        } catch {
          failure.withLock { $0 = $0 ?? error }
        }
      }
    }
    try unsaved.withLock { try save(&$0) }
    if let failure = failure.withLock({ $0 }) { throw failure }
    return found.withLock { $0 }
  }

  private func check(_ item: CheckList.Item) throws -> OperatorError? {
    defer { meter.advance(bytes: 0, files: 1) }
    return try list.problem(of: item, in: store) { count in
      try rate.wait(for: count, interruption)
      meter.advance(bytes: count)
    }
  }

  private func note(
    _ item: CheckList.Item, _ problem: OperatorError?, _ unsaved: inout Unsaved
  ) throws {
    let outcome: CheckOutcome = problem == nil ? .good : .hurt
    unsaved.checks.append((list.text(of: item), CheckDates.Check(time: .now(), outcome: outcome)))
    let isOld = ContinuousClock.now - unsaved.since > Self.longestUnsaved
    if unsaved.checks.count >= Self.mostUnsaved || isOld { try save(&unsaved) }
  }

  private func save(_ unsaved: inout Unsaved) throws {
    try dates.add(unsaved.checks)
    unsaved = Unsaved()
  }
}

extension CheckList {
  /// Checks an object.
  ///
  /// - Returns: what is wrong with it; nil where nothing is.
  /// - Throws: what `pass` throws, and what the store fails with where that is not the object's fault.
  func problem(
    of item: Item, in store: any BlobStore, _ pass: (Int) throws -> Void = { _ in }
  ) throws -> OperatorError? {
    let problem: OperatorError
    do {
      try ObjectCheck.run(name(of: item), facts(of: item), in: store, pass)
      return nil
    } catch let error as OperatorError where error.status == .mismatch {
      problem = error
    } catch let error as OperatorError where error.code == "store.failed" {
      // A sector that cannot be read is damage like any other.
      problem = OperatorError("object.unreadable", .mismatch, error.message, hint: error.hint)
    }
    guard isParity(item) else { return problem }
    return OperatorError(
      "parity.hurt", .mismatch,
      "\(name(of: item)) is missing or damaged: it is parity, and no backup",
      hint: "'coffer-store scrub --repair' makes it again")
  }
}
