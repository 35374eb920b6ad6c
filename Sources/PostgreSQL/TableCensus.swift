internal import SecretMemory
internal import Vocabulary

/// Takes of a live database the same figures that `DumpArchiveObserver` takes of a dump.
///
/// It reads every row, so it is for drills, not for production.
package struct TableCensus {
  private let connection: PostgresConnection
  private let encoding: String

  /// Prepares a connection, which writes values as `pg_dump` does from here on.
  /// - Parameters:
  ///   - connection: a connection to the database, best one of its own.
  ///   - outputSettings: `DatabaseFacts.outputSettings` of the source.
  /// - Throws: `OperatorError` `postgres.query`.
  package init(
    _ connection: PostgresConnection, outputSettings: [String: String] = [:]
  ) throws {
    self.connection = connection
    try connection.execute(
      """
      SET synchronize_seqscans = off; SET timezone = 'UTC'; SET datestyle = ISO;
      SET intervalstyle = postgres; SET extra_float_digits = 3; SET row_security = off;
      SET statement_timeout = 0; SET bytea_output = hex;
      SELECT pg_catalog.set_config('search_path', '', false)
      """)
    encoding = try connection.value("SELECT pg_catalog.getdatabaseencoding()") ?? ""
    for (name, value) in outputSettings.sorted(by: { $0.key < $1.key }) {
      _ = try connection.query("SELECT pg_catalog.set_config($1, $2, false)", [name, value])
    }
  }

  /// Takes the figures of every table that `pg_dump` would save rows of, of large objects, and of
  /// sequences.
  ///
  /// Tables that belong to an extension are left out: the extension makes them, and a dump holds
  /// only the part of their rows that the user changed.
  /// - Parameter expected: figures to compare with later: their tables are read with their columns
  ///   in their order, which a restore may change where tables inherit.
  /// - Returns: the figures.
  /// - Throws: `OperatorError` `postgres.query`.
  package func figures(like expected: ContentFigures? = nil) throws -> ContentFigures {
    var known: [[String]: [String]] = [:]
    for table in expected?.tables ?? [] { known[[table.schema, table.table]] = table.columns }
    let tables = try self.tables().map { schema, table, columns in
      let wanted = known[[schema, table]]
      // Where the columns are not even the same ones, the comparison shall say so, not the server.
      let usable = wanted.map { Set($0) == Set(columns) } ?? false
      return try figures(schema, table, columns: usable ? wanted ?? columns : columns)
    }
    return ContentFigures(
      tables: tables, largeObjects: try largeObjects(),
      sequences: try SequenceFact.all(in: connection))
  }

  /// The names of tables that belong to an extension, as `schema.table`.
  /// - Throws: `OperatorError` `postgres.query`.
  package func extensionTables() throws -> Set<String> {
    let rows = try connection.query(
      """
      SELECT n.nspname || '.' || c.relname
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
      WHERE c.relkind IN ('r', 'p')
      """)
    return Set(rows.compactMap { $0[0] })
  }

  private func tables() throws -> [(String, String, [String])] {
    let rows = try connection.query(
      """
      SELECT n.nspname, c.relname, a.attname
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_attribute a
        ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      WHERE c.relkind = 'r' AND c.relpersistence <> 't'
        AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
          AND d.objid = c.oid AND d.deptype = 'e')
      ORDER BY n.nspname, c.relname, a.attnum
      """)
    var found: [(String, String, [String])] = []
    for row in rows {
      guard let schema = row[0], let table = row[1] else { continue }
      if found.last?.0 != schema || found.last?.1 != table { found.append((schema, table, [])) }
      if let column = row[2] { found[found.count - 1].2.append(column) }
    }
    return found
  }

  private func figures(
    _ schema: String, _ table: String, columns: [String]
  ) throws -> TableFigures {
    var digest = MultisetDigest()
    var (rows, bytes) = (0, 0)
    let list = columns.map(SQLText.identifier).joined(separator: ", ")
    let name = SQLText.identifier(schema, table)
    // Names are asked for in UTF-8, but rows are digested as a dump has them.
    let copy = "COPY \(name) \(list.isEmpty ? "" : "(\(list))") TO STDOUT (ENCODING '\(encoding)')"
    try connection.copyOut(copy) { row in
      rows += 1
      bytes += row.byteCount
      digest.add(row: row.extracting(0..<(row.byteCount - 1)))
    }
    return TableFigures(
      schema: schema, table: table, columns: columns, rows: rows, bytes: bytes, digest: digest)
  }

  private func largeObjects() throws -> LargeObjectFigures {
    var tally = LargeObjectTally()
    let size = LargeObjectTally.blockSize
    for row in try connection.query("SELECT oid FROM pg_largeobject_metadata ORDER BY oid") {
      guard let text = row[0], let object = Int(text) else { continue }
      tally.begin(object)
      var offset = 0
      while true {
        let block = try connection.value(
          "SELECT encode(lo_get($1::oid, $2::bigint, \(size)), 'hex')", [text, "\(offset)"])
        guard let bytes = Hexadecimal.decode(block ?? "") else { break }
        bytes.withBytes { tally.take($0) }
        offset += bytes.count
        guard bytes.count == size else { break }
      }
      tally.end()
    }
    return tally.figures
  }
}
