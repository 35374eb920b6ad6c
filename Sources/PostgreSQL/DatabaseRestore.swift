internal import Vocabulary

/// Puts a dump back into a database that is empty, and never into one that is not.
package struct DatabaseRestore: Sendable {
  let target: ConnectionInfo
  let database: String
  let purpose: Purpose

  /// What becomes of a database once it is restored.
  package enum Purpose: Sendable {
    /// It goes into service.
    case service
    /// It lies in a `ScratchCluster`, is compared, and goes away: nothing in it need outlive a crash,
    /// and nobody asks for statistics.
    case comparison
  }

  /// Names the target.
  /// - Parameters:
  ///   - conninfo: the database to restore into; it must name one.
  ///   - purpose: what it is restored for.
  /// - Throws: `OperatorError` `postgres.conninfo` where no database is named, or what
  ///   `ConnectionInfo` throws.
  package init(conninfo: String, for purpose: Purpose = .service) throws {
    self.purpose = purpose
    target = try ConnectionInfo(conninfo)
    guard let database = target.database else {
      throw OperatorError(
        "postgres.conninfo", .usage, "the connection string names no database",
        hint: "add dbname=… to it")
    }
    self.database = database
  }

  /// Makes the roles that are missing, and the database.
  ///
  /// Roles are made as they were, without password, never as superusers, and without any right over
  /// the whole server; who was a member of whom is in the facts, and for the operator to decide.
  /// - Parameters:
  ///   - owner: the role that is to own the database; made, able to log in, where it is missing.
  ///   - locale: the encoding and locale.
  ///   - roles: the roles the dump speaks of.
  /// - Returns: the names of the roles that were made, for the report: they need passwords.
  /// - Throws: `OperatorError` `restore.target-exists`, or what the server refuses.
  package func create(
    owner: String, locale: DatabaseLocale, roles: [RoleFact] = []
  ) throws -> [String] {
    let connection = try maintenanceConnection()
    defer { connection.close() }
    try requireAbsent(connection)
    let made = try makeMissingRoles(connection, owner: owner, roles: roles)
    // template0 because a changed template1 would put its own tables into the new database.
    var sql = "CREATE DATABASE \(SQLText.identifier(database)) TEMPLATE template0"
    sql += " OWNER \(SQLText.identifier(owner)) ENCODING \(SQLText.literal(locale.encoding))"
    sql += " LC_COLLATE \(SQLText.literal(locale.collate))"
    sql += " LC_CTYPE \(SQLText.literal(locale.ctype))"
    if let icu = locale.icuLocale {
      sql += " LOCALE_PROVIDER icu ICU_LOCALE \(SQLText.literal(icu))"
    } else if connection.serverMajor >= 15 {
      sql += " LOCALE_PROVIDER libc"
    }
    try connection.execute(sql)
    return made
  }

  /// Checks that there is no database of the target's name, so that `create` can make it.
  /// - Throws: `OperatorError` `restore.target-exists` where there is one.
  package func requireAbsent() throws {
    let connection = try PostgresConnection(target.naming(database: "postgres"))
    defer { connection.close() }
    try requireAbsent(connection)
  }

  private func requireAbsent(_ connection: PostgresConnection) throws {
    guard
      try connection.value("SELECT 1 FROM pg_database WHERE datname = $1", [database]) == nil
    else {
      throw OperatorError(
        "restore.target-exists", .refused, "there is a database \(database) already",
        hint: "restore under another name, or without create: true if it is empty")
    }
  }

  /// Checks that the target holds nothing of a user's.
  /// - Throws: `OperatorError` `restore.target-not-empty` naming what is there.
  package func requireEmpty() throws {
    let connection = try PostgresConnection(target)
    defer { connection.close() }
    let found = try connection.query(
      """
      SELECT n.nspname || '.' || c.relname FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
          AND d.objid = c.oid AND d.deptype = 'e')
      UNION ALL SELECT 'function ' || p.proname FROM pg_proc p
      JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass
          AND d.objid = p.oid AND d.deptype = 'e')
      UNION ALL SELECT 'schema ' || nspname FROM pg_namespace n
      WHERE nspname NOT LIKE 'pg\\_%' AND nspname NOT IN ('information_schema', 'public')
        AND NOT EXISTS (SELECT FROM pg_extension e WHERE e.extnamespace = n.oid)
      UNION ALL SELECT 'large object ' || oid FROM pg_largeobject_metadata
      ORDER BY 1 LIMIT 4
      """
    ).compactMap { $0[0] }
    guard found.isEmpty else {
      let names = found.prefix(3).joined(separator: ", ") + (found.count > 3 ? ", …" : "")
      throw OperatorError(
        "restore.target-not-empty", .refused, "the database \(database) is not empty: \(names)",
        hint: "restoring over tables mixes two histories: name a new database")
    }
  }

  /// Finishes a restore: empties the tables whose rows must not come back, and gathers statistics
  /// where it goes into service.
  /// - Parameter profile: what kind of database it is.
  /// - Throws: `OperatorError` `postgres.query`.
  package func finish(_ profile: DatabaseProfile) throws {
    let connection = try PostgresConnection(target)
    defer { connection.close() }
    for table in profile.excludedData {
      for row in try connection.query(
        """
        SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relname = $1 AND c.relkind IN ('r', 'p')
        """, [table])
      {
        try connection.execute("TRUNCATE \(SQLText.identifier(row[0] ?? "", table))")
      }
    }
    if purpose == .service { try connection.execute("ANALYZE") }
  }

  /// Some servers have no database `postgres`; all have `template1`.
  func maintenanceConnection() throws -> PostgresConnection {
    do {
      return try PostgresConnection(target.naming(database: "postgres"))
    } catch let error as OperatorError where error.code == "postgres.no-database" {
      return try PostgresConnection(target.naming(database: "template1"))
    }
  }

  func serverMajor() throws -> Int {
    let connection = try PostgresConnection(target)
    defer { connection.close() }
    return connection.serverMajor
  }

  private func makeMissingRoles(
    _ connection: PostgresConnection, owner: String, roles: [RoleFact]
  ) throws -> [String] {
    let present = Set(
      try connection.query("SELECT rolname FROM pg_roles").compactMap { $0[0] })
    var made: [String] = []
    for role in roles where !present.contains(role.name) && role.name != owner {
      var sql = "CREATE ROLE \(SQLText.identifier(role.name)) NOSUPERUSER"
      sql += role.canLogin ? " LOGIN" : " NOLOGIN"
      sql += role.inherits ? " INHERIT" : " NOINHERIT"
      try connection.execute(sql)
      made.append(role.name)
    }
    if !present.contains(owner) {
      try connection.execute("CREATE ROLE \(SQLText.identifier(owner)) NOSUPERUSER LOGIN")
      made.append(owner)
    }
    return made
  }
}
