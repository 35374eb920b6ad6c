internal import Vocabulary

/// One moment of a database, held open so that a dump and its facts speak of the same moment.
///
/// It is a read-only transaction: it takes no lock that stops writers, but keeps old row versions
/// from being cleaned up while it lasts. It ends with `close`, or with its owner.
package final class ExportedSnapshot {
  /// What `pg_dump --snapshot` is given.
  package let id: String
  /// When the moment was: UTC, RFC 3339, to the microsecond; sorts as text.
  package let time: String
  /// The connection inside the moment, for questions.
  package let connection: PostgresConnection

  /// Opens the transaction and exports its snapshot.
  /// - Parameter conninfo: a libpq connection string without a password.
  /// - Throws: what `PostgresConnection` throws.
  package init(conninfo: String) throws {
    connection = try PostgresConnection(conninfo: conninfo)
    // A timeout of the server's would end the moment in the middle of a long dump.
    try connection.execute(
      """
      SET statement_timeout = 0; SET lock_timeout = 0;
      SET idle_in_transaction_session_timeout = 0
      """)
    try connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    guard
      let row = try connection.query(
        """
        SELECT pg_export_snapshot(),
          to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        """
      ).first, let id = row[0], let time = row[1]
    else { throw OperatorError("postgres.query", .failed, "the server exported no snapshot") }
    self.id = id
    self.time = time
  }

  /// Ends the moment; a dump that has not yet begun can no longer use it.
  package func close() { connection.close() }
}
