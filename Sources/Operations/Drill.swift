import Configuration
import LocalFiles
package import Origins
import PostgreSQL
import Repository
package import SystemPackage
import Vocabulary

/// A restore made only to prove that it works: into a cluster and folders of its own, compared with
/// what was saved, and removed.
package struct Drill {
  private let snapshot: OpenSnapshot
  private let listener: any OperationListener
  private let context: RestoringContext

  package init(
    _ snapshot: OpenSnapshot, listener: any OperationListener, context: RestoringContext
  ) {
    self.snapshot = snapshot
    self.listener = listener
    self.context = context
  }

  /// Drills everything that could be opened.
  ///
  /// - Parameter parent: where the scratch folder is made; it needs room for the whole deployment.
  /// - Returns: what was found.
  /// - Throws: where the drill itself could not be held; what does not match is in the report.
  package func run(in parent: FilePath) async throws -> DrillReport {
    let started = Timestamp.now()
    return try await ScratchFolder.with(in: parent) { scratch in
      try await run(in: scratch, started: started)
    }
  }

  private func run(in scratch: ScratchFolder, started: Timestamp) async throws -> DrillReport {
    let databases = snapshot.sources.filter { $0.record.kind == PostgresOrigin.schema.kind }
    guard !databases.isEmpty else {
      return try await run(in: scratch, cluster: nil, objects: objects(), started: started)
    }
    listener.hear(.step("starting a scratch PostgreSQL"))
    let major = try PostgresOrigin.serverMajor(of: databases.map(\.record))
    let place = ScratchCluster.place(within: scratch.path.removingLastComponent().string)
    // A server takes its time to start, and much of that is waiting.
    async let starting = ScratchCluster.start(major: major, in: place)
    let objects = try objects()
    let cluster = try await starting
    defer { cluster.stop() }
    return try await run(in: scratch, cluster: cluster, objects: objects, started: started)
  }

  private func run(
    in scratch: ScratchFolder, cluster: ScratchCluster?, objects: [Finding], started: Timestamp
  ) async throws -> DrillReport {
    var sources: [DrillReport.Source] = []
    var findings = objects
    var places: [DeploymentChecks.Place] = []
    for (number, (record, reader)) in snapshot.sources.enumerated() {
      try context.interruption.check()
      let kind = try OriginRegistry.kind(record.kind)
      let clock = ContinuousClock()
      let start = clock.now
      listener.hear(.step("drilling \(record.name)"))
      context.meter.begin(record.name.text, total: record.bytes)
      do {
        let target: RestoreTarget =
          if record.kind == PostgresOrigin.schema.kind, let cluster {
            try PostgresOrigin.scratchTarget(for: record, named: "drill_\(number)", in: cluster)
          } else {
            .path(scratch.path.appending("\(number)-\(record.name)"))
          }
        findings += try await kind.restore(
          record, reader: reader, target: target, context: context)
        findings += try await kind.compare(record, reader: reader, target: target, context: context)
        places.append(DeploymentChecks.Place(record: record, target: target))
      } catch let error as OperatorError where error.status != .interrupted {
        findings.append(Finding(.bad, error.code, "\(record.name): \(error.message)"))
      }
      sources.append(
        DrillReport.Source(
          name: record.name, kind: record.kind, bytes: record.bytes, files: record.files,
          seconds: (clock.now - start) / .seconds(1)))
    }
    findings += try DeploymentChecks(places).run()
    findings +=
      try snapshot.warnings(about: snapshot.sources.map(\.record.name)) + notSaved()
      + officersWord()
    for finding in findings { listener.hear(.finding(finding)) }
    return DrillReport(snapshot, started: started, sources: sources, findings: findings)
  }

  /// The store's objects, all of them, also where no restored byte lies.
  private func objects() throws -> [Finding] {
    listener.hear(.step("checking objects"))
    let problems = ObjectSweep(
      snapshot.objects, with: snapshot.identities, meter: context.meter,
      interruption: context.interruption
    ).problems()
    try context.interruption.check()
    guard problems.isEmpty else {
      return problems.map {
        Finding($0.status == .partly ? .warning : .bad, $0.code, $0.message)
      }
    }
    return [
      Finding(
        .good, "objects.equal",
        "\(snapshot.objects.needed.objects.count) objects of the store are what the host signed for"
      )
    ]
  }

  private func officersWord() -> [Finding] {
    guard let problem = snapshot.officers.problem else { return [] }
    return [Finding(.warning, problem.code, problem.message)]
  }

  private func notSaved() -> [Finding] {
    snapshot.entry.sources.filter { !$0.isThere }.map {
      Finding(
        .warning, "source.not-saved", "\($0.name) is not in this snapshot: \($0.state.rawValue)")
    }
  }
}
