internal import Vocabulary

/// A setting that sessions of a database start with, for all roles or one.
package struct SettingFact: Codable, Sendable, Hashable {
  /// The role; nil for all.
  package let role: String?
  /// The setting.
  package let name: String
  /// Its value as `pg_db_role_setting` has it.
  package let value: String

  static func gather(_ connection: PostgresConnection) throws -> [SettingFact] {
    try connection.query(
      """
      SELECT CASE WHEN s.setrole <> 0 THEN pg_get_userbyid(s.setrole) END,
        substr(c, 1, strpos(c, '=') - 1), substr(c, strpos(c, '=') + 1)
      FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) c
      JOIN pg_database d ON d.oid = s.setdatabase AND d.datname = current_database()
      ORDER BY 1 NULLS FIRST, 2
      """
    ).map { SettingFact(role: $0[0], name: $0[1] ?? "", value: $0[2] ?? "") }
  }

  fileprivate func target(_ database: String) -> String {
    let database = "DATABASE \(SQLText.identifier(database))"
    return role.map { "ROLE \(SQLText.identifier($0)) IN \(database)" } ?? database
  }
}

/// A grant on a database itself.
package struct PrivilegeFact: Codable, Sendable, Hashable {
  /// To whom; nil for everybody.
  package let grantee: String?
  /// `CONNECT`, `CREATE` or `TEMPORARY`.
  package let privilege: String
  /// Whether it may be granted on.
  package let isGrantable: Bool

  static func gather(_ connection: PostgresConnection) throws -> [PrivilegeFact]? {
    let rows = try connection.query(
      """
      SELECT CASE WHEN a.grantee <> 0 THEN pg_get_userbyid(a.grantee) END, a.privilege_type,
        a.is_grantable
      FROM pg_database d CROSS JOIN aclexplode(d.datacl) a
      WHERE d.datname = current_database() AND a.grantee <> d.datdba ORDER BY 1 NULLS FIRST, 2
      """)
    let isDefault = try connection.value(
      "SELECT datacl IS NULL FROM pg_database WHERE datname = current_database()")
    guard isDefault == "f" else { return nil }
    return rows.map {
      PrivilegeFact(grantee: $0[0], privilege: $0[1] ?? "", isGrantable: $0[2] == "t")
    }
  }

  fileprivate func command(_ database: String) -> String {
    "GRANT \(privilege) ON DATABASE \(SQLText.identifier(database)) TO "
      + (grantee.map(SQLText.identifier) ?? "PUBLIC") + (isGrantable ? " WITH GRANT OPTION;" : ";")
  }
}

extension DatabaseRestore {
  /// Puts back what the database's sessions start with, as far as its owner could have set it, and not
  /// for roles that have rights over the server.
  /// - Parameter facts: the settings.
  /// - Returns: what was left out.
  /// - Throws: what `PostgresConnection` throws.
  package func apply(_ facts: [SettingFact]) throws -> [LeftOut] {
    guard !facts.isEmpty else { return [] }
    let connection = try PostgresConnection(target.trustingNoSearchPath)
    defer { connection.close() }
    return try facts.compactMap { fact in
      do {
        try apply(fact, connection)
        return nil
      } catch let error as OperatorError {
        try connection.execute("ROLLBACK")
        let name = fact.role.map { "setting \(fact.name) of role \($0)" } ?? "setting \(fact.name)"
        return LeftOut(
          name, because: error.message,
          command:
            "ALTER \(fact.target(database)) SET \(fact.name) = \(SQLText.literal(fact.value));")
      }
    }
  }

  private func apply(_ fact: SettingFact, _ connection: PostgresConnection) throws {
    let context = try connection.value(
      "SELECT context FROM pg_settings WHERE lower(name) = lower($1)", [fact.name])
    guard context == "user", !["role", "session_authorization"].contains(fact.name.lowercased())
    else { throw refusal("only a superuser may set it") }
    if let role = fact.role {
      guard let isPowerful = try RoleRights.arePowerful(role, connection) else {
        throw refusal("there is no role '\(role)'")
      }
      guard !isPowerful else { throw refusal("'\(role)' has rights over the whole server") }
    }
    // For this transaction and taken from there: the server reads lists and quotes by itself.
    try connection.execute("BEGIN")
    _ = try connection.query("SELECT set_config($1, $2, true)", [fact.name, fact.value])
    try connection.execute(
      "ALTER \(fact.target(database)) SET \(SQLText.identifier(fact.name)) FROM CURRENT")
    try connection.execute("COMMIT")
  }

  /// Grants on the database what was granted, and to nobody else.
  /// - Parameter facts: the grants.
  /// - Returns: what was left out.
  /// - Throws: what `PostgresConnection` throws.
  package func grant(_ facts: [PrivilegeFact]) throws -> [LeftOut] {
    let connection = try maintenanceConnection()
    defer { connection.close() }
    try connection.execute("REVOKE ALL ON DATABASE \(SQLText.identifier(database)) FROM PUBLIC")
    return facts.compactMap { fact in
      do {
        guard ["CONNECT", "CREATE", "TEMPORARY"].contains(fact.privilege) else {
          throw refusal("there is no such privilege")
        }
        try connection.execute(fact.command(database))
        return nil
      } catch {
        return LeftOut(
          "\(fact.privilege) on the database for \(fact.grantee ?? "PUBLIC")",
          because: (error as? OperatorError)?.message ?? "\(error)",
          command: fact.command(database))
      }
    }
  }

  private func refusal(_ why: String) -> OperatorError {
    OperatorError("postgres.query", .failed, why)
  }
}
