package import AgeFormat
import Origins
package import Repository
package import Vocabulary

/// Checks a store without restoring it: every object by hash, every content that opens end to end.
package struct StoreVerification {
  /// What came out.
  package struct Report: Sendable, Codable {
    package let snapshot: SnapshotID
    package let head: LedgerHead
    package let objects: Int
    package let bytes: Int
    package let sources: [SourceName]
    /// Compartments that were checked by hash alone.
    package let sealed: [CompartmentName]
    package let problems: [String]
    /// What could not be checked, for nobody known vouches for it.
    package let unchecked: [String]
  }

  private let view: StoreView
  private let listener: any OperationListener
  private let meter: ProgressMeter
  private let interruption: Interruption

  package init(
    _ view: StoreView, listener: any OperationListener, meter: ProgressMeter,
    interruption: Interruption
  ) {
    self.view = view
    self.listener = listener
    self.meter = meter
    self.interruption = interruption
  }

  /// Verifies a snapshot, and where none is named the objects of all of them.
  ///
  /// - Throws: where nothing could be checked; what does not match is in the report.
  package func verify(
    _ choice: StoreView.Choice?, with identities: [any Identity]
  ) throws -> Report {
    let verified = try view.entry(choice ?? .latest)
    let everything =
      choice == nil
      ? try view.neededByAny() : try view.ledger.needed(at: verified.entry.sequence)
    listener.hear(.step("checking \(everything.objects.count) objects"))
    var problems = ObjectSweep(
      ObjectReader(store: view.store, needed: everything, rewraps: view.officers.ledger),
      with: identities, meter: meter, interruption: interruption
    ).problems()
    try interruption.check()
    let names = Set(problems.map(\.message))
    var sources: [SourceName] = []
    var sealed: [CompartmentName] = []
    do {
      let snapshot = try view.open(verified, with: identities)
      sealed = snapshot.sealed
      for compartment in sealed {
        listener.hear(.warning("compartment '\(compartment)' is sealed: checked by hash alone"))
      }
      for (record, reader) in snapshot.sources {
        try interruption.check()
        listener.hear(.step("reading \(record.name)"))
        meter.begin(record.name.text, total: record.bytes)
        do {
          try OriginRegistry.kind(record.kind).verify(
            record, reader: reader,
            context: RestoringContext(meter: meter, interruption: interruption))
          sources.append(record.name)
        } catch let error as OperatorError where error.status == .mismatch {
          problems.append(error)
        }
      }
    } catch let error as OperatorError where error.status == .mismatch {
      if !names.contains(error.message) { problems.append(error) }
    }
    for problem in problems {
      let outcome: Finding.Outcome = problem.status == .partly ? .warning : .bad
      listener.hear(.finding(Finding(outcome, problem.code, problem.message)))
    }
    return Report(
      snapshot: verified.entry.snapshot, head: verified.head, objects: everything.objects.count,
      bytes: everything.summary.bytes, sources: sources, sealed: sealed,
      problems: problems.filter { $0.status != .partly }.map(\.message),
      unchecked: problems.filter { $0.status == .partly }.map(\.message))
  }
}
