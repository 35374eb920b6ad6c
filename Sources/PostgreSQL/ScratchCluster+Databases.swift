internal import SecretMemory
internal import Vocabulary

extension ScratchCluster {
  /// Makes an empty database for a restore, with a login of its own that owns it, can enter no other,
  /// and has no rights over the server.
  ///
  /// Names come from a backup that may be hostile: roles are made without rights, and the login's name
  /// cannot be guessed.
  /// - Parameters:
  ///   - name: the database's name.
  ///   - locale: its encoding and locale.
  ///   - roles: the roles that the dump speaks of.
  /// - Returns: the database's connection string as the cluster's superuser, and the login.
  /// - Throws: `OperatorError` `restore.target-exists`, or what the server refuses.
  package func makeDatabase(
    _ name: String, locale: DatabaseLocale, roles: [RoleFact]
  ) throws -> (conninfo: String, login: String) {
    let login = "\(name)_\(Hexadecimal.encode(Randomness.bytes(count: 8)))"
    let conninfo = conninfo(database: name)
    _ = try DatabaseRestore(conninfo: conninfo).create(owner: login, locale: locale, roles: roles)
    let connection = try PostgresConnection(conninfo: conninfo)
    defer { connection.close() }
    try connection.execute(
      "REVOKE ALL ON DATABASE \(SQLText.identifier(name)) FROM PUBLIC")
    // Less work than the default, and how values lie in the tables is not what a drill compares. A
    // server that was built without it refuses.
    try? connection.execute(
      "ALTER DATABASE \(SQLText.identifier(name)) SET default_toast_compression = 'lz4'")
    for role in roles { try lend(role, to: login, connection) }
    return (conninfo, login)
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
}
