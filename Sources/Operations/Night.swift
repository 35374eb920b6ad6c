import Catalog
import Origins
import Repository
import SystemPackage
import Vocabulary

/// The saving half of a run: sources one after the other, each compartment with its own writer.
struct Night {
  let catalog: CatalogDatabase
  let store: any BlobStore
  let keys: HostKeys
  let plan: NightPlan
  let scratch: FilePath
  let listener: any OperationListener
  let meter: ProgressMeter
  let interruption: Interruption
  /// What each source held in the last run: how much there will be, roughly.
  let lastSizes: [String: Int]
  /// How many files each source held when it last held any.
  let lastFiles: [SourceName: Int]

  private(set) var saved: [(step: NightPlan.Step, record: SourceRecord)] = []
  private(set) var summaries: [SourceSummary] = []
  private(set) var savings: [String: SourceSavings] = [:]
  private(set) var failures: [String: String] = [:]
  private var firstFailure: OperatorError?

  init(
    catalog: CatalogDatabase, store: any BlobStore, keys: HostKeys, plan: NightPlan,
    scratch: FilePath, listener: any OperationListener, meter: ProgressMeter,
    interruption: Interruption, lastSizes: [String: Int], lastFiles: [SourceName: Int]
  ) {
    self.catalog = catalog
    self.store = store
    self.keys = keys
    self.plan = plan
    self.scratch = scratch
    self.listener = listener
    self.meter = meter
    self.interruption = interruption
    self.lastSizes = lastSizes
    self.lastFiles = lastFiles
  }

  /// Saves every wanted source; failures of sources are recorded, failures of the store thrown.
  mutating func saveAll() async throws {
    let notes = NightNotes()
    var begun: (any ReadAhead)?
    for (number, step) in plan.steps.enumerated() {
      guard step.isWanted else {
        summaries.append(Self.summary(step, .skipped))
        continue
      }
      let next = NextSource(originToReadAhead(after: number))
      do {
        try interruption.check()
        listener.hear(.sourceStarted(step.source))
        try await attempt(step, begun, notes, next)
        begun = next.take()
      } catch {
        await begun?.end()
        await next.end()
        throw error
      }
    }
  }

  /// The next wanted source; none on a single core, which has nothing to spare for it.
  private func originToReadAhead(after number: Int) -> (any Origin)? {
    guard coreCount() > 1 else { return nil }
    return plan.steps[(number + 1)...].first { $0.isWanted }?.origin
  }

  /// When each source of the configuration was last saved.
  func lastSuccess(after earlier: BackupReport?) -> [String: Timestamp] {
    var times: [String: Timestamp] = [:]
    for step in plan.steps {
      times[step.source.text] = earlier?.lastSuccess[step.source.text]
    }
    for (step, record) in saved { times[step.source.text] = record.saved }
    return times
  }

  /// What to throw when no source could be saved.
  func nothingSaved() -> OperatorError {
    guard let firstFailure, failures.count == 1 else {
      return OperatorError(
        "run.nothing-saved", .nothingDone, "nothing was saved: every source failed",
        hint: "see the errors above; the store is as it was")
    }
    return OperatorError(
      firstFailure.code, .nothingDone, "nothing was saved: \(firstFailure.message)",
      hint: firstFailure.hint)
  }

  private mutating func note(_ error: OperatorError, of step: NightPlan.Step) {
    failures[step.source.text] = error.message
    firstFailure = firstFailure ?? error
    summaries.append(Self.summary(step, .failed))
    listener.hear(.sourceFailed(step.source, error))
  }

  /// Saves a source; its own failures are noted, those of the store and the catalog thrown.
  private mutating func attempt(
    _ step: NightPlan.Step, _ begun: (any ReadAhead)?, _ notes: NightNotes, _ next: NextSource
  ) async throws {
    guard let keys = keys.compartments[step.compartment],
      let recipients = plan.recipients[step.compartment]
    else { preconditionFailure("a plan names only compartments that have keys") }
    let memory = CompartmentMemory(catalog, step.compartment)
    let writer = CompartmentWriter(
      chunkIDKey: keys.chunkIDKey, recipients: recipients, store: store, memory: memory,
      interruption: interruption)
    let context = SavingContext(
      source: step.source, writer: writer, memory: memory,
      files: try FileMemory(catalog, source: step.source, of: step.compartment),
      filesBefore: lastFiles[step.source] ?? 0, scratch: scratch, night: notes, next: next,
      meter: meter, interruption: interruption)
    do {
      try await save(step, begun, context)
    } catch let error as OperatorError where !writer.isBroken {
      // What was read of it serves the next run.
      try writer.flush()
      try memory.flush()
      guard error.status != .interrupted else { throw error }
      note(error, of: step)
    }
  }

  private mutating func save(
    _ step: NightPlan.Step, _ begun: (any ReadAhead)?, _ context: SavingContext
  ) async throws {
    let (writer, memory) = (context.writer, context.memory)
    let clock = ContinuousClock()
    let start = clock.now
    meter.begin(step.source.text, total: lastSizes[step.source.text])
    let result =
      if let begun {
        try await begun.save(with: context)
      } else {
        try await step.origin.save(with: context)
      }
    try writer.flush()
    try memory.flush()
    try SnapshotBook(catalog).note(step.source, of: step.compartment, uses: result.packs)
    let record = SourceRecord(
      name: step.source, kind: step.kind, profile: step.profile, origin: step.origin.place,
      saved: Timestamp.now(), content: result.content, bytes: result.bytes, files: result.files,
      facts: result.facts)
    saved.append((step, record))
    let saving = SourceSavings(
      bytes: result.bytes, files: result.files, newBytes: writer.totals.newBytes,
      storedBytes: writer.totals.storedBytes, seconds: (clock.now - start) / .seconds(1),
      failures: result.failures, rowsWithoutFile: result.rowsWithoutFile)
    savings[step.source.text] = saving
    summaries.append(
      Self.summary(
        step, result.failures.isEmpty ? .saved : .partly, bytes: result.bytes, files: result.files))
    for note in result.notes { listener.hear(.note("\(step.source): \(note)")) }
    for text in result.warnings { listener.hear(.warning("\(step.source): \(text)")) }
    for failure in result.failures { listener.hear(.warning("\(step.source): \(failure)")) }
    listener.hear(.sourceSaved(step.source, saving))
  }

  private static func summary(
    _ step: NightPlan.Step, _ state: SourceSummary.State, bytes: Int = 0, files: Int = 0
  ) -> SourceSummary {
    SourceSummary(
      name: step.source, compartment: step.compartment, kind: step.kind, state: state,
      bytes: bytes, files: files)
  }
}
