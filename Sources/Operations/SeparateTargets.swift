import LocalFiles
import Origins
import PostgreSQL
import Repository
import SystemPackage
import Vocabulary

/// Refuses targets of which one would be restored over, or into, another.
enum SeparateTargets {
  /// Compares every place with every other.
  ///
  /// - Throws: `restore.same-target`, which names both sources.
  static func check(_ targets: [(record: SourceRecord, target: RestoreTarget)]) throws {
    let places = try targets.map { record, target in
      let kind = try OriginRegistry.kind(record.kind)
      return (source: record.name, place: try kind.destination(of: record, at: target))
    }
    for (index, one) in places.enumerated() {
      for other in places[..<index] where try meet(one.place, other.place) {
        throw OperatorError(
          "restore.same-target", .usage,
          "'\(other.source)' and '\(one.source)' would be restored to one place, or one into the "
            + "other: \(other.place) and \(one.place)",
          hint: "give each source a target of its own; nothing was written")
      }
    }
  }

  private static func meet(_ one: RestoreTarget, _ other: RestoreTarget) throws -> Bool {
    switch (one, other) {
    case (.path(let one), .path(let other)):
      let (one, other) = (LocalPath(one).canonical, LocalPath(other).canonical)
      return one.starts(with: other) || other.starts(with: one)
    case (.database(let one, _, _), .database(let other, _, _)):
      return try ConnectionInfo(one).destination == ConnectionInfo(other).destination
    case (.path, .database), (.database, .path), (.scratch, _), (_, .scratch):
      return false
    }
  }
}
