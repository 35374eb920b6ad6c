/// One way in which a restored database is not what was saved.
package struct FiguresDifference: Codable, Sendable, Equatable, CustomStringConvertible {
  /// In what way.
  package enum Kind: String, Codable, Sendable {
    /// The table was saved and is not there.
    case missing
    /// The table is there and was not saved.
    case unexpected
    /// The number of rows is another.
    case rows
    /// As many rows, but not the same ones.
    case content
    /// The columns are others.
    case columns
    /// The rows should not have come back.
    case notEmpty
  }

  /// The table as `schema.table`, or `large objects`.
  package let name: String
  /// In what way.
  package let kind: Kind
  /// The rows that were saved.
  package let expectedRows: Int
  /// The rows that are there.
  package let foundRows: Int

  /// One line for a report.
  package var description: String {
    switch kind {
    case .missing: "\(name): saved with \(expectedRows) rows, not there"
    case .unexpected: "\(name): not saved, there with \(foundRows) rows"
    case .rows: "\(name): \(expectedRows) rows saved, \(foundRows) found"
    case .content: "\(name): \(foundRows) rows as saved, but their digest differs"
    case .columns: "\(name): other columns than were saved"
    case .notEmpty: "\(name): must be empty, has \(foundRows) rows"
    }
  }
}

extension ContentFigures {
  /// Compares what was saved with what is there.
  /// - Parameters:
  ///   - expected: the figures taken of the dump.
  ///   - found: the figures taken of the restored database.
  ///   - excludedData: tables whose rows were not saved and must not be there.
  ///   - ignoring: `schema.table` names not to compare: those of extensions.
  /// - Returns: the differences by name; none means that they are equal.
  package static func compare(
    expected: ContentFigures, found: ContentFigures, excludedData: [String] = [],
    ignoring: Set<String> = []
  ) -> [FiguresDifference] {
    // By quoted names, because a dot may be part of one.
    func byName(_ tables: [TableFigures]) -> [String: TableFigures] {
      let named = tables.filter { !ignoring.contains($0.name) }
        .map { (SQLText.identifier($0.schema, $0.table), $0) }
      return Dictionary(named) { first, _ in first }
    }
    let (saved, there) = (byName(expected.tables), byName(found.tables))
    let names = Set(saved.keys).union(there.keys)
    var differences = names.sorted().compactMap { name -> FiguresDifference? in
      let (old, new) = (saved[name], there[name])
      let kind: FiguresDifference.Kind? =
        if let table = new, excludedData.contains(table.table) {
          table.rows == 0 ? nil : .notEmpty
        } else if let old, let new {
          difference(old, new)
        } else {
          new == nil ? .missing : .unexpected
        }
      return kind.map {
        FiguresDifference(
          name: (old ?? new)?.name ?? name, kind: $0, expectedRows: old?.rows ?? 0,
          foundRows: new?.rows ?? 0)
      }
    }
    if expected.largeObjects != found.largeObjects {
      let (old, new) = (expected.largeObjects.objects, found.largeObjects.objects)
      differences.append(
        FiguresDifference(
          name: "large objects", kind: old == new ? .content : .rows, expectedRows: old,
          foundRows: new))
    }
    return differences
  }

  private static func difference(
    _ old: TableFigures, _ new: TableFigures
  ) -> FiguresDifference.Kind? {
    if old.columns != new.columns { return .columns }
    if old.rows != new.rows { return .rows }
    return old.digest == new.digest && old.bytes == new.bytes ? nil : .content
  }
}
