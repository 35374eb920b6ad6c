import LocalFiles
package import Origins
package import Repository
import SecretMemory
package import Signatures
package import SystemPackage
package import Vocabulary

/// What a drill found: the evidence that a snapshot can be restored.
package struct DrillReport: Sendable, Codable {
  /// One source's restore.
  package struct Source: Sendable, Codable {
    package let name: SourceName
    package let kind: String
    package let bytes: Int
    package let files: Int
    package let seconds: Double
  }

  /// A source that the ledger names and the drill said nothing about.
  package struct LeftOut: Sendable, Codable {
    package enum Reason: String, Sendable, Codable, CaseIterable {
      /// The snapshot has it, in a compartment that no identity opened.
      case sealed
      /// The snapshot does not have it: it failed or was skipped that night.
      case notSaved = "not-saved"
    }

    package let name: SourceName
    package let reason: Reason
  }

  package let type: String
  package let format: Int
  /// These four are nil where the drill could not be held: nothing is known of the store then.
  package let store: String?
  package let host: String?
  package let snapshot: SnapshotID?
  package let head: LedgerHead?
  package let started: Timestamp
  package let finished: Timestamp
  package let passed: Bool
  package let sources: [Source]
  /// Compartments that no identity opened: nothing is said about them.
  package let sealed: [CompartmentName]
  /// Sources that were not drilled.
  package let leftOut: [LeftOut]
  package let findings: [Finding]

  init(
    _ snapshot: OpenSnapshot, started: Timestamp, sources: [Source], findings: [Finding]
  ) {
    type = "coffer-drill-report"
    format = 1
    store = snapshot.entry.store
    host = snapshot.entry.host
    self.snapshot = snapshot.entry.snapshot
    head = snapshot.head
    self.started = started
    finished = Timestamp.now()
    passed = !sources.isEmpty && !findings.contains { $0.outcome == .bad }
    self.sources = sources
    sealed = snapshot.sealed
    leftOut = snapshot.entry.sources.sorted { $0.name < $1.name }.compactMap { source in
      guard source.isThere else { return LeftOut(name: source.name, reason: .notSaved) }
      let isSealed = snapshot.sealed.contains(source.compartment)
      return isSealed ? LeftOut(name: source.name, reason: .sealed) : nil
    }
    self.findings = findings
  }

  /// A drill that could not be held: it failed, and nothing was tested.
  package init(notHeld problem: OperatorError) {
    type = "coffer-drill-report"
    format = 1
    (store, host, snapshot, head) = (nil, nil, nil, nil)
    started = Timestamp.now()
    finished = started
    passed = false
    (sources, sealed, leftOut) = ([], [], [])
    findings = [Finding(.bad, problem.code, "the drill could not be held: \(problem.message)")]
  }

  /// One page for a person.
  package var page: String {
    let seconds = finished.secondsSince1970 - started.secondsSince1970
    var lines = [
      "Restore drill: \(passed ? "PASSED" : "FAILED")", "",
      "snapshot   \(snapshot?.text ?? "none")",
      "ledger     \(head.map { "entry \($0.sequence.number), \($0.sha256)" } ?? "unknown")",
      "store      \(store ?? "unknown")", "host       \(host ?? "unknown")",
      "when       \(started) to \(finished), \(seconds) s", "", "Restored and compared:",
    ]
    for source in sources {
      lines.append(
        "  \(source.name) (\(source.kind)): \(source.files) files, \(source.bytes) bytes, "
          + "\(Int(source.seconds.rounded())) s")
    }
    for compartment in sealed {
      lines.append("  NOT opened, not tested: compartment \(compartment)")
    }
    for source in leftOut {
      let why = source.reason == .sealed ? "its compartment is sealed" : "not in this snapshot"
      lines.append("  NOT drilled: \(source.name), \(why)")
    }
    for (title, outcome) in [
      ("Wrong:", Finding.Outcome.bad), ("To look at:", .warning), ("Right:", .good),
    ] {
      let found = findings.filter { $0.outcome == outcome }
      guard !found.isEmpty else { continue }
      lines += ["", title] + found.map { "  \($0.text)" }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Writes figures for Prometheus.
  package func writeMetrics(to path: FilePath) throws {
    var file = MetricsFile()
    let isWhole = !leftOut.contains { $0.reason == .notSaved }
    file.drill(
      passed: passed, at: finished, in: path, lastSuccess: passed && isWhole ? finished : nil)
    file.lastDrills(of: passed ? sources.map(\.name) : [], at: finished, in: path)
    file.gauge(
      "coffer_drill_sources", "Sources that the last drill restored and compared.",
      [([], Double(sources.count))])
    file.gauge(
      "coffer_drill_left_out_sources", "Sources that the last drill says nothing about.",
      LeftOut.Reason.allCases.map { reason in
        ([("reason", reason.rawValue)], Double(leftOut.count { $0.reason == reason }))
      })
    file.gauge(
      "coffer_drill_duration_seconds", "How long the last drill took.",
      [([], Double(finished.secondsSince1970 - started.secondsSince1970))])
    file.gauge(
      "coffer_drill_ledger_sequence", "The ledger entry that was drilled.",
      head.map { [([], Double($0.sequence.number))] } ?? [])
    try file.write(to: path)
  }

  /// Writes figures for Prometheus about a drill that could not be held.
  package static func writeFailureMetrics(to path: FilePath) throws {
    var file = MetricsFile()
    file.drill(passed: false, at: Timestamp.now(), in: path, lastSuccess: nil)
    file.lastDrills(of: [], at: Timestamp.now(), in: path)
    try file.write(to: path)
  }

  /// Writes the report as JSON with its signature beside it, and the page.
  ///
  /// - Parameters:
  ///   - path: the JSON file.
  ///   - key: what signs it; without a key, a signature that is there goes, for it is of another.
  /// - Returns: the files.
  /// - Throws: `drill.report`.
  package func write(to path: FilePath, signedWith key: SigningKey?) throws -> [FilePath] {
    let bytes = try JSONDocument.pretty(self)
    let comment =
      "coffer drill report, store \(store ?? "unknown"), snapshot \(snapshot?.text ?? "none"), "
      + (passed ? "passed" : "failed")
    let signature = try key.map { key in
      try bytes.withBytes { try key.sign($0, trustedComment: comment) }
    }
    let signaturePath = FilePath(path.string + ".minisig")
    var text = path
    text.extension = "txt"
    var files = [(path, bytes), (text, Array(page.utf8))]
    if let signature { files.insert((signaturePath, Array(signature.utf8)), at: 1) }
    do {
      if signature == nil, LocalPath(signaturePath).exists { try LocalPath(signaturePath).remove() }
      try DurableFile.makeFolder(path.removingLastComponent())
      for (path, bytes) in files { try bytes.withBytes { try DurableFile.write($0, to: path) } }
    } catch let error as Errno {
      throw OperatorError("drill.report", .failed, "cannot write the report to \(path): \(error)")
    }
    return files.map(\.0)
  }
}

extension MetricsFile {
  /// The last good drill keeps its time when a later one fails, or is of a part only.
  fileprivate mutating func drill(
    passed: Bool, at end: Timestamp, in path: FilePath, lastSuccess: Timestamp?
  ) {
    let name = "coffer_drill_last_success_timestamp_seconds"
    let success =
      lastSuccess.map { Double($0.secondsSince1970) } ?? MetricsFile.value(of: name, in: path)
    if let success {
      gauge(name, "When a drill last passed of a snapshot that lacked no source.", [([], success)])
    }
    gauge("coffer_drill_passed", "Whether the last drill passed.", [([], passed ? 1 : 0)])
    gauge(
      "coffer_drill_last_run_timestamp_seconds", "When the last drill ended.",
      [([], Double(end.secondsSince1970))])
  }

  /// Sources that were drilled get a new time, all others keep theirs.
  fileprivate mutating func lastDrills(
    of sources: [SourceName], at end: Timestamp, in path: FilePath
  ) {
    let name = "coffer_drill_source_last_success_timestamp_seconds"
    var times = MetricsFile.values(of: name, by: "source", in: path)
    for source in sources { times[source.text] = Double(end.secondsSince1970) }
    gauge(
      name, "When a drill last passed that restored the source.",
      times.sorted { $0.key < $1.key }.map { ([("source", $0.key)], $0.value) })
  }
}
