import PostgreSQL
import Vocabulary

/// Compares a live database with what was saved: every table's rows and digest, sequences, locale;
/// and with what its kind needs, for a backup of the wrong database is restored without a fault.
struct DatabaseComparison {
  private let source: SourceName
  private let facts: PostgresOrigin.Facts
  private let profile: DatabaseProfile

  init(_ source: SourceName, facts: PostgresOrigin.Facts, profile: DatabaseProfile) {
    self.source = source
    self.facts = facts
    self.profile = profile
  }

  func compare(_ conninfo: String) throws -> [Finding] {
    let connection = try PostgresConnection(conninfo: conninfo)
    defer { connection.close() }
    var findings: [Finding] = []
    if profile.name == "synapse" {
      findings += try synapse(connection)
    }
    findings += try profileTables(connection) + sequences(connection) + locale(connection)
    // Last, for it changes how the connection writes values.
    return try tables(connection) + findings
  }

  private func tables(_ connection: PostgresConnection) throws -> [Finding] {
    let census = try TableCensus(connection, outputSettings: facts.database.outputSettings)
    let found = try census.figures(like: facts.figures)
    let differences = ContentFigures.compare(
      expected: facts.figures, found: found, excludedData: profile.excludedData,
      ignoring: try census.extensionTables())
    guard differences.isEmpty else {
      return differences.map { Finding(.bad, "tables.\($0.kind.rawValue)", "\(source): \($0)") }
    }
    return [
      Finding(
        .good, "tables.equal",
        "\(source): \(found.rows) rows in \(found.tables.count) tables are as they were saved")
    ]
  }

  private func profileTables(_ connection: PostgresConnection) throws -> [Finding] {
    let missing = try profile.missingTables(in: connection)
    let watched = missing.watched.filter { !missing.vital.contains($0) }.map {
      Finding(
        .warning, "tables.watched",
        "\(source): there is no table '\($0)', as most databases of the profile '\(profile.name)' have"
      )
    }
    guard missing.vital.isEmpty else {
      return watched
        + missing.vital.map {
          Finding(
            .bad, "tables.vital",
            "\(source): there is no table '\($0)', which the profile '\(profile.name)' cannot do without"
          )
        }
    }
    guard !profile.vitalTables.isEmpty else { return watched }
    return watched + [
      Finding(
        .good, "tables.there",
        "\(source): no table is missing that the profile '\(profile.name)' cannot do without")
    ]
  }

  private func sequences(_ connection: PostgresConnection) throws -> [Finding] {
    let expected: SequenceExpectation =
      facts.figures.sequences.map { .exactly($0) } ?? .atLeast(facts.database.sequences ?? [])
    let problems = expected.problems(with: try SequenceFact.all(in: connection))
    guard problems.isEmpty else {
      return problems.map { Finding(.bad, "sequences.differ", "\(source): \($0)") }
    }
    return [
      Finding(.good, "sequences.equal", "\(source): \(expected.count) sequences stand as saved")
    ]
  }

  private func locale(_ connection: PostgresConnection) throws -> [Finding] {
    let wanted = profile.locale ?? facts.database.locale
    let row = try connection.query(
      """
      SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database
      WHERE datname = current_database()
      """
    ).first.map { $0.map { $0 ?? "" } }
    guard row == [wanted.encoding, wanted.collate, wanted.ctype] else {
      return [
        Finding(
          .bad, "locale.differs",
          "\(source): the database is \(row?.joined(separator: "/") ?? "unknown"), and must be "
            + "\(wanted.encoding)/\(wanted.collate)/\(wanted.ctype)")
      ]
    }
    return [
      Finding(.good, "locale.right", "\(source): \(wanted.encoding), locale \(wanted.collate)")
    ]
  }

  /// Synapse's own checks: those that hold in one line, the others each.
  private func synapse(_ connection: PostgresConnection) throws -> [Finding] {
    let results = try SynapseChecks(connection).run()
    let good = results.count { $0.outcome == .ok }
    let others = results.filter { $0.outcome != .ok }.map { result in
      Finding(
        result.outcome == .failed ? .bad : .warning, "synapse.check",
        "\(source): \(result.name): \(result.detail)")
    }
    guard good > 0 else { return others }
    return others + [
      Finding(.good, "synapse.checks", "\(source): \(good) checks that Synapse depends on hold")
    ]
  }
}
