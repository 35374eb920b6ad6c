package import Origins
package import Repository
package import Vocabulary

/// Where each source of a snapshot goes, shown before anything is written, and then done.
package struct RestoreRun {
  /// One source on its way.
  package struct Step {
    package let record: SourceRecord
    package let reader: CompartmentReader
    package let target: RestoreTarget
    /// What will be done, for the operator to read.
    package let lines: [String]
  }

  package let snapshot: OpenSnapshot
  package let steps: [Step]
  /// Sources of the snapshot that are not restored.
  package let leftOut: [SourceName]
  /// What the night could not read of what is restored.
  package let warnings: [Finding]
  /// Where each source goes.
  package let targets: [(source: SourceName, target: RestoreTarget)]

  /// Plans a restore; nothing is written.
  ///
  /// - Throws: `restore.same-target`, and what any target refuses, before anything happened to another.
  package init(
    _ snapshot: OpenSnapshot, _ targets: [(source: SourceName, target: RestoreTarget)]
  ) async throws {
    self.snapshot = snapshot
    let sources = try targets.map { name, target in
      let (record, reader) = try snapshot.source(name)
      return (record: record, reader: reader, target: target)
    }
    try SeparateTargets.check(sources.map { ($0.record, $0.target) })
    var steps: [Step] = []
    for (record, reader, target) in sources {
      let lines: [String]
      do {
        lines = try await OriginRegistry.kind(record.kind).plan(record, target: target)
      } catch let error as OperatorError where error.code == "postgres.conninfo" {
        throw error.at("source '\(record.name)'")
      }
      steps.append(Step(record: record, reader: reader, target: target, lines: lines))
    }
    self.steps = steps
    self.targets = targets
    warnings = try snapshot.warnings(about: targets.map(\.source))
    leftOut = snapshot.entry.sources.filter(\.isThere).map(\.name).filter { name in
      !targets.contains { $0.source == name }
    }
  }

  /// Restores everything that was planned.
  ///
  /// - Returns: what there is to say about it.
  package func apply(
    listener: any OperationListener, context: RestoringContext
  ) async throws -> [Finding] {
    var all: [Finding] = []
    for step in steps {
      try context.interruption.check()
      listener.hear(.step("restoring \(step.record.name)"))
      context.meter.begin(step.record.name.text, total: step.record.bytes)
      let findings = try await OriginRegistry.kind(step.record.kind).restore(
        step.record, reader: step.reader, target: step.target, context: context)
      for finding in findings { listener.hear(.finding(finding)) }
      all += findings
    }
    return all
  }

  /// Makes the restored sources ready for their daemons, once everything was found equal.
  package func settle(listener: any OperationListener) async throws {
    for step in steps {
      let findings = try await OriginRegistry.kind(step.record.kind).settle(
        step.record, target: step.target, beside: steps.map(\.record))
      for finding in findings { listener.hear(.finding(finding)) }
    }
  }
}
