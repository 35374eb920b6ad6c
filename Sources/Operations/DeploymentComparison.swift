package import Origins
import Repository
package import Vocabulary

/// Compares what stands at targets with what a snapshot saved: source by source, then together.
package struct DeploymentComparison {
  private let parts: [(record: SourceRecord, reader: CompartmentReader, target: RestoreTarget)]

  /// Prepares a comparison.
  ///
  /// - Throws: `source.unknown`, `source.sealed`.
  package init(
    _ snapshot: OpenSnapshot, _ targets: [(source: SourceName, target: RestoreTarget)]
  ) throws {
    parts = try targets.map { name, target in
      let (record, reader) = try snapshot.source(name)
      return (record, reader, target)
    }
  }

  /// Compares everything; a target that cannot be looked at is a bad finding, not an end.
  package func run(
    listener: any OperationListener, context: RestoringContext
  ) async throws -> [Finding] {
    var all: [Finding] = []
    for part in parts {
      try context.interruption.check()
      listener.hear(.step("comparing \(part.record.name)"))
      context.meter.begin(part.record.name.text)
      do {
        all += try await OriginRegistry.kind(part.record.kind).compare(
          part.record, reader: part.reader, target: part.target, context: context)
      } catch let error as OperatorError where error.status != .interrupted {
        all.append(Finding(.bad, error.code, "\(part.record.name): \(error.message)"))
      }
    }
    all += try DeploymentChecks(
      parts.map { DeploymentChecks.Place(record: $0.record, target: $0.target) }
    ).run()
    for finding in all { listener.hear(.finding(finding)) }
    return all
  }
}
