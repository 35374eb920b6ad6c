/// Where a sequence stands.
package struct SequenceFact: Codable, Sendable, Equatable {
  /// The sequence's schema.
  package let schema: String
  /// The sequence.
  package let name: String
  /// The last value, or the first one to come where `isCalled` is false.
  package let lastValue: Int64
  /// Whether `lastValue` was given out.
  package let isCalled: Bool

  /// The sequence's name with its schema, as people write it.
  var fullName: String { "\(schema).\(name)" }

  /// Where it stands, in words.
  var place: String { isCalled ? "at \(lastValue)" : "before \(lastValue)" }

  /// Where every sequence of a database stands now.
  /// - Parameter connection: the database.
  /// - Returns: the sequences by schema and name.
  /// - Throws: `OperatorError` `postgres.query`.
  package static func all(in connection: PostgresConnection) throws -> [SequenceFact] {
    let names = try connection.query(
      """
      SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND n.nspname NOT LIKE 'pg\\_%'
      ORDER BY 1, 2
      """)
    return try names.compactMap { row in
      let (schema, name) = (row[0] ?? "", row[1] ?? "")
      let state = try connection.query(
        "SELECT last_value, is_called FROM \(SQLText.identifier(schema, name))")
      guard let value = state.first?[0].flatMap({ Int64($0) }) else { return nil }
      return SequenceFact(
        schema: schema, name: name, lastValue: value, isCalled: state.first?[1] == "t")
    }
  }
}

extension SequenceFact {
  /// Reads the entry that sets a sequence: `SELECT pg_catalog.setval('name', 42, true);`.
  /// - Returns: nil where the statement is not one that `pg_dump` writes.
  init?(setBy entry: ArchiveEntry) {
    // From its end: a name in quotes may hold anything, and the entry has it in clear.
    let words = entry.definition.split(separator: ",").suffix(2)
      .map { $0.filter { !" \n".contains($0) } }
    guard entry.definition.contains("setval("), words.count == 2, let value = Int64(words[0]),
      ["true);", "false);"].contains(words[1])
    else { return nil }
    self.init(
      schema: entry.schema, name: entry.tag, lastValue: value, isCalled: words[1] == "true);")
  }
}

/// Where the sequences of a restored database must stand.
package enum SequenceExpectation: Sendable, Equatable {
  /// As the dump sets them.
  case exactly([SequenceFact])
  /// There or further on: they were read before `pg_dump` read them, and a sequence has no snapshot.
  case atLeast([SequenceFact])

  /// How many sequences there must be.
  package var count: Int {
    switch self {
    case .exactly(let sequences), .atLeast(let sequences): sequences.count
    }
  }

  /// Finds what does not stand where it must.
  /// - Parameter found: the sequences of the restored database.
  /// - Returns: one sentence each; none where all do.
  package func problems(with found: [SequenceFact]) -> [String] {
    switch self {
    case .exactly(let sequences):
      Self.problems(sequences, found) { $0 == $1 }
    case .atLeast(let sequences):
      Self.problems(sequences, found) {
        ($0.lastValue, $0.isCalled ? 1 : 0) <= ($1.lastValue, $1.isCalled ? 1 : 0)
      }
    }
  }

  private static func problems(
    _ expected: [SequenceFact], _ found: [SequenceFact],
    _ isRight: (_ saved: SequenceFact, _ now: SequenceFact) -> Bool
  ) -> [String] {
    expected.compactMap { saved in
      let now = found.first { $0.schema == saved.schema && $0.name == saved.name }
      guard let now else { return "sequence \(saved.fullName) is missing" }
      return isRight(saved, now)
        ? nil : "sequence \(saved.fullName) stands \(now.place), not \(saved.place)"
    }
  }
}
