internal import SecretMemory
internal import Vocabulary

extension ScratchCluster {
  /// Makes an empty database for a restore, with a login of its own that owns it, can enter no other,
  /// and has no rights over the server.
  ///
  /// Names come from a backup that may be hostile: roles are made without rights, and the login's name
  /// cannot be guessed. Extensions that only a superuser may make are made here, for the login could
  /// not.
  /// - Parameters:
  ///   - name: the database's name.
  ///   - locale: its encoding and locale.
  ///   - roles: the roles that the dump speaks of.
  ///   - extensions: the extensions that the dump will ask for.
  /// - Returns: the login's connection string.
  /// - Throws: `OperatorError` `restore.target-exists`, or what the server refuses.
  package func makeDatabase(
    _ name: String, locale: DatabaseLocale, roles: [RoleFact], extensions: [ExtensionFact]
  ) throws -> String {
    let login = "\(name)_\(Hexadecimal.encode(Randomness.bytes(count: 8)))"
    let conninfo = conninfo(database: name)
    _ = try DatabaseRestore(conninfo: conninfo).create(owner: login, locale: locale, roles: roles)
    let connection = try PostgresConnection(conninfo: conninfo)
    defer { connection.close() }
    try connection.execute(
      "REVOKE ALL ON DATABASE \(SQLText.identifier(name)) FROM PUBLIC")
    for role in roles { try lend(role, to: login, connection) }
    for fact in extensions { try makeIfUntrusted(fact, for: login, connection) }
    return try ConnectionInfo(conninfo).setting("user", to: login).description
  }

  /// A dump may set default privileges for a role, which takes a member of it.
  private func lend(
    _ role: RoleFact, to login: String, _ connection: PostgresConnection
  ) throws {
    let isHarmless = try connection.value(
      """
      SELECT 1 FROM pg_roles WHERE rolname = $1 AND NOT rolsuper AND rolname NOT LIKE 'pg\\_%'
      """, [role.name])
    guard isHarmless != nil else { return }
    try connection.execute(
      "GRANT \(SQLText.identifier(role.name)) TO \(SQLText.identifier(login))")
  }

  private func makeIfUntrusted(
    _ fact: ExtensionFact, for login: String, _ connection: PostgresConnection
  ) throws {
    let isUntrusted = try connection.value(
      """
      SELECT 1 FROM pg_available_extensions a JOIN pg_available_extension_versions v
        ON v.name = a.name AND v.version = a.default_version
      WHERE a.name = $1 AND a.installed_version IS NULL AND v.superuser AND NOT v.trusted
      """, [fact.name])
    guard isUntrusted != nil else { return }
    try connection.execute("CREATE EXTENSION \(SQLText.identifier(fact.name)) CASCADE")
    // The dump comments on the extension, which only its owner may. What is in it stays the
    // superuser's; no statement does this, for an extension cannot change hands.
    try connection.execute("SET allow_system_table_mods = on")
    _ = try connection.query(
      """
      UPDATE pg_extension SET extowner = (SELECT oid FROM pg_roles WHERE rolname = $1)
      WHERE extname = $2
      """, [login, fact.name])
  }
}
