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
  /// Where each source goes.
  package let targets: [(source: SourceName, target: RestoreTarget)]

  /// Plans a restore; nothing is written.
  ///
  /// - Throws: what any target refuses, before anything happened to another.
  package init(
    _ snapshot: OpenSnapshot, _ targets: [(source: SourceName, target: RestoreTarget)]
  ) async throws {
    self.snapshot = snapshot
    var steps: [Step] = []
    for (name, target) in targets {
      let (record, reader) = try snapshot.source(name)
      let lines = try await OriginRegistry.kind(record.kind).plan(record, target: target)
      steps.append(Step(record: record, reader: reader, target: target, lines: lines))
    }
    self.steps = steps
    self.targets = targets
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
    var all = snapshot.partlySaved(steps.map(\.record.name))
    for finding in all { listener.hear(.finding(finding)) }
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
