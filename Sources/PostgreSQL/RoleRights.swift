/// What a role may do beyond its own databases.
enum RoleRights {
  /// Whether a role may run programs or touch files on the server, by itself or by membership.
  ///
  /// Whoever may make roles may make himself a member of those that may, before PostgreSQL 16; the
  /// server's own roles, `pg_write_all_data` for one, are for nobody's objects.
  /// - Parameters:
  ///   - role: the role's name.
  ///   - connection: a connection whose search path is not to be feared.
  /// - Returns: nil where there is no such role.
  /// - Throws: `OperatorError` `postgres.query`.
  static func arePowerful(_ role: String, _ connection: PostgresConnection) throws -> Bool? {
    try connection.value(
      """
      SELECT u.rolname LIKE 'pg\\_%' OR EXISTS (SELECT FROM pg_catalog.pg_roles r
        WHERE (r.rolsuper OR r.rolcreaterole OR r.rolname IN ('pg_execute_server_program', 'pg_write_server_files',
            'pg_read_server_files'))
          AND pg_catalog.pg_has_role(u.oid, r.oid, 'MEMBER'))
      FROM pg_catalog.pg_roles u WHERE u.rolname = $1
      """, [role]
    ).map { $0 != "f" }
  }
}
