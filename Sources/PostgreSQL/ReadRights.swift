internal import Vocabulary

/// Whether a login may read all that `pg_dump` reads: one table that it may not ends the whole dump.
package enum ReadRights {
  /// After so many named tables the rest is only counted.
  private static let mostNamed = 10

  /// Looks at every table and sequence that a dump would hold, and reads none.
  /// - Parameter connection: the database, as the user who is to dump it.
  /// - Throws: `OperatorError` `postgres.privileges`, which names what may not be read, or
  ///   `postgres.query`.
  package static func check(_ connection: PostgresConnection) throws {
    let closed = try connection.query(
      """
      SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'S') AND c.relpersistence <> 't'
        AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
          AND d.objid = c.oid AND d.deptype = 'e')
        AND NOT (has_schema_privilege(n.oid, 'USAGE') AND CASE c.relkind
          WHEN 'S' THEN has_sequence_privilege(c.oid, 'SELECT')
          ELSE has_table_privilege(c.oid, 'SELECT') AND NOT row_security_active(c.oid) END)
      ORDER BY 1
      """
    ).compactMap { $0[0] }
    guard !closed.isEmpty else { return }
    let user = try connection.value("SELECT current_user") ?? ""
    let rest = closed.count - mostNamed
    throw OperatorError(
      "postgres.privileges", .failed,
      "'\(user)' may not read all of \(closed.prefix(mostNamed).joined(separator: ", "))"
        + (rest > 0 ? " and \(rest) more" : ""),
      hint:
        "grant it SELECT on them and USAGE of their schemas, or pg_read_all_data; where a table "
        + "has row security, BYPASSRLS")
  }
}
