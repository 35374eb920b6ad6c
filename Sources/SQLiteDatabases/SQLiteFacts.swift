internal import GRDB
package import SystemPackage
internal import Vocabulary

/// What can be said of a database in figures: taken from a snapshot, compared after a restore.
package struct SQLiteFacts: Codable, Hashable, Sendable {
  /// How the file itself says that changes are journalled; part of its header.
  package enum JournalMode: String, Codable, Hashable, Sendable {
    /// A journal that is rolled back (`delete`, `truncate`, `persist` are not told apart in a file).
    case rollback
    /// A write-ahead log.
    case writeAheadLog = "wal"
  }

  /// Pages in the file.
  package let pageCount: Int64
  /// Bytes in a page.
  package let pageSize: Int64
  /// The number that the application keeps its schema's version in.
  package let userVersion: Int64
  /// How changes are journalled.
  package let journalMode: JournalMode
  /// Rows of each ordinary table; virtual tables, their shadows and SQLite's own are left out.
  package let rowCounts: [String: Int64]

  /// Takes the figures of a database that nobody uses: a restored file, a copy.
  ///
  /// The content stays untouched, and no file is left beside it.
  /// - Parameter path: the file; UTF-8 only, as SQLite takes no other paths.
  /// - Returns: its figures.
  /// - Throws: `OperatorError` `sqlite.missing`, `sqlite.not-a-database`, `sqlite.damaged` where
  ///   `PRAGMA quick_check` finds fault, or `sqlite.failed`.
  package static func gather(_ path: FilePath) throws -> SQLiteFacts {
    try SQLiteFailure.explain(path) {
      try SQLiteFailure.checkPresence(of: path)
      // Read-only, a WAL database would leave its log and index behind: only a connection that
      // could have written cleans up.
      var configuration = Configuration()
      configuration.label = "coffer"
      let queue = try DatabaseQueue(path: path.string, configuration: configuration)
      let facts = try queue.writeWithoutTransaction { try gather($0, of: path) }
      try queue.close()
      return facts
    }
  }

  /// Takes the figures over an open connection, after a check of the whole file.
  static func gather(_ database: Database, of path: FilePath) throws -> SQLiteFacts {
    let findings = try String.fetchAll(database, sql: "PRAGMA quick_check(5)")
    guard findings == ["ok"] else {
      throw OperatorError(
        "sqlite.damaged", .mismatch,
        "\(path) is damaged: \(findings.joined(separator: "; "))",
        hint: "the database itself is damaged, not the backup; keep the last good snapshot")
    }
    let tables = try String.fetchAll(
      database,
      sql: """
        SELECT name FROM pragma_table_list
        WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
        """)
    var rowCounts: [String: Int64] = [:]
    for table in tables {
      rowCounts[table] = try integer(
        database, "SELECT count(*) FROM main.\(quoted(table))")
    }
    let mode = try String.fetchOne(database, sql: "PRAGMA main.journal_mode")
    return SQLiteFacts(
      pageCount: try integer(database, "PRAGMA main.page_count"),
      pageSize: try integer(database, "PRAGMA main.page_size"),
      userVersion: try integer(database, "PRAGMA main.user_version"),
      journalMode: mode == "wal" ? .writeAheadLog : .rollback, rowCounts: rowCounts)
  }

  /// Doubles quotation marks, which GRDB's own quoting leaves as they are.
  static func quoted(_ name: String) -> String {
    "\"\(name.replacing("\"", with: "\"\""))\""
  }

  private static func integer(_ database: Database, _ query: String) throws -> Int64 {
    try Int64.fetchOne(database, sql: query) ?? 0
  }

  /// Where a restored database differs from these figures, one sentence each; none where it does not.
  package func differences(to restored: SQLiteFacts) -> [String] {
    var differences: [String] = []
    func compare(_ what: String, _ old: Int64, _ new: Int64) {
      if old != new { differences.append("\(what) was \(old) and is \(new)") }
    }
    compare("the page count", pageCount, restored.pageCount)
    compare("the page size", pageSize, restored.pageSize)
    compare("user_version", userVersion, restored.userVersion)
    if journalMode != restored.journalMode {
      differences.append(
        "the journal mode was \(journalMode.rawValue) and is \(restored.journalMode.rawValue)")
    }
    for table in Set(rowCounts.keys).union(restored.rowCounts.keys).sorted() {
      switch (rowCounts[table], restored.rowCounts[table]) {
      case (let old?, let new?): compare("the row count of \(table)", old, new)
      case (_?, nil): differences.append("the table \(table) is missing")
      case (nil, _): differences.append("the table \(table) was not there before")
      }
    }
    return differences
  }
}
