import Catalog
package import Configuration
import Repository
import Signatures
import Stores
package import Vocabulary

/// One night: every wanted source saved, then the snapshot signed into the ledger.
///
/// What fails in one source does not stop the others. What fails in the store, the catalog or the
/// ledger stops the run, and the next one goes on from what was written.
package struct BackupRun {
  private let configuration: CofferConfiguration
  private let only: [String]
  private let opener: any HostKeyOpener
  private let listener: any OperationListener
  private let meter: ProgressMeter
  private let interruption: Interruption

  package init(
    _ configuration: CofferConfiguration, only: [String], by opener: any HostKeyOpener,
    listener: any OperationListener, meter: ProgressMeter, interruption: Interruption
  ) {
    self.configuration = configuration
    self.only = only
    self.opener = opener
    self.listener = listener
    self.meter = meter
    self.interruption = interruption
  }

  /// Runs the night.
  ///
  /// - Returns: what was saved and what was not.
  /// - Throws: where nothing was saved (`run.nothing-saved`), or where the store cannot be used.
  package func run() async throws -> BackupReport {
    let started = Timestamp.now()
    let state = try HostState(configuration.state)
    let plan = try NightPlan(configuration, only: only)
    let keys = try HostKeys.load(configuration, by: opener)
    try keys.check(plan)
    let host = keys.signing.verifyingKey
    HostKeys.warnOfOpenFiles(configuration, listener)
    let store = try StoreRegistry.open(configuration.store, writer: host.keyID.description)
    _ = try StoreFormat.load(from: store)
    // Before the ledger is read: what another state folder's run of this host adds would be missed.
    let lease = try store.prepareForWriting()
    let known = try state.head()
    let ledger = try Ledger.load(
      from: store, trusting: .key(host), unfinishedAfter: known?.sequence ?? LedgerSequence(0))
    if let known { try ledger.mustContain(known.sha256, rememberedBy: "the state folder") }
    let catalog = try state.catalog(listener)
    let seals = keys.seals(of: configuration)
    let word = try OfficersWord(in: store, of: host.keyID)
    if let problem = word.problem {
      listener.hear(
        .warning("\(problem.message): what officers rewrapped is not built upon"))
    }
    let rewraps = HostRewraps(word, sealed: seals, keys)
    try CatalogKeeper(
      catalog: catalog, store: store, keys: keys, rewraps: rewraps, listener: listener
    ).bringUpToDate(with: ledger, sealed: seals)

    let snapshot = SnapshotID(startedAt: started)
    let last = try HostState.lastReport(in: configuration.state)
    var night = Night(
      catalog: catalog, store: store, keys: keys, plan: plan, scratch: try state.scratch(),
      listener: listener, meter: meter, interruption: interruption,
      lastSizes: last?.savings.mapValues(\.bytes) ?? [:], lastFiles: ledger.lastFiles())
    try SnapshotBook(catalog).forgetSources(
      otherThan: configuration.sources.map { ($0.compartment.name, $0.source.name) })
    try await night.saveAll()
    guard !night.saved.isEmpty else { throw night.nothingSaved() }

    let publication = SnapshotPublication(
      snapshot: snapshot, started: started, ledger: ledger, store: store, catalog: catalog,
      keys: keys, seals: seals, plan: plan, rewraps: rewraps)
    let head = try publication.publish(night.saved, summaries: night.summaries)
    try state.remember(head)
    listener.hear(.snapshotPublished(snapshot, head))
    let report = BackupReport(
      snapshot: snapshot, head: head, started: started, finished: Timestamp.now(),
      sources: night.summaries, savings: night.savings, failures: night.failures,
      lastSuccess: night.lastSuccess(after: last))
    try state.keep(report)
    if let metrics = configuration.metrics {
      try RunMetrics(report).write(to: metrics)
    }
    lease.release()
    state.release()
    return report
  }
}
