internal import Vocabulary

extension DatabaseFacts {
  /// `FirstNormalObjectId`: what has a lower number came with the server.
  static let firstOfUsers = 16384

  /// Gathers the facts inside a snapshot.
  /// - Parameter snapshot: the moment.
  /// - Returns: the facts.
  /// - Throws: `OperatorError` `postgres.query`.
  package static func gather(in snapshot: ExportedSnapshot) throws -> DatabaseFacts {
    let connection = snapshot.connection
    // Through JSON, because the columns for ICU have other names in every second release.
    guard
      let row = try connection.query(
        """
        SELECT d.datname, pg_get_userbyid(d.datdba), pg_encoding_to_char(d.encoding),
          d.datcollate, d.datctype,
          CASE WHEN to_jsonb(d)->>'datlocprovider' = 'i'
            THEN coalesce(to_jsonb(d)->>'daticulocale', to_jsonb(d)->>'datlocale') END,
          pg_database_size(d.oid), current_setting('server_version'),
          current_setting('server_version_num')
        FROM pg_database d WHERE d.datname = current_database()
        """
      ).first
    else { throw OperatorError("postgres.query", .failed, "the database does not know itself") }
    return DatabaseFacts(
      snapshotTime: snapshot.time, serverVersion: row[7] ?? "",
      serverVersionNumber: row[8].flatMap { Int($0) } ?? 0, database: row[0] ?? "",
      owner: row[1] ?? "",
      locale: DatabaseLocale(
        encoding: row[2] ?? "", collate: row[3] ?? "", ctype: row[4] ?? "", icuLocale: row[5]),
      sizeInBytes: row[6].flatMap { Int($0) } ?? 0, extensions: try extensions(connection),
      roles: try roles(connection), sequences: nil,
      synapseSchema: try synapseSchema(connection),
      outputSettings: try outputSettings(connection),
      ownership: try OwnershipFact.gather(connection),
      settings: try SettingFact.gather(connection),
      privileges: try PrivilegeFact.gather(connection))
  }

  private static func extensions(_ connection: PostgresConnection) throws -> [ExtensionFact] {
    try connection.query(
      """
      SELECT extname, extversion, nspname FROM pg_extension
      JOIN pg_namespace n ON n.oid = extnamespace ORDER BY extname
      """
    ).map { ExtensionFact(name: $0[0] ?? "", version: $0[1] ?? "", schema: $0[2]) }
  }

  /// `pg_shdepend` does not list what the first superuser owns, so owners are asked for as well.
  private static func roles(_ connection: PostgresConnection) throws -> [RoleFact] {
    try connection.query(
      """
      WITH used AS (
        SELECT refobjid AS oid FROM pg_shdepend
        WHERE refclassid = 'pg_authid'::regclass
          AND (dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
            OR (classid = 'pg_database'::regclass
              AND objid = (SELECT oid FROM pg_database WHERE datname = current_database())))
        UNION SELECT datdba FROM pg_database WHERE datname = current_database()
        UNION SELECT c.relowner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
        UNION SELECT defaclrole FROM pg_default_acl UNION SELECT nspowner FROM pg_namespace
        UNION SELECT proowner FROM pg_proc WHERE oid >= \(Self.firstOfUsers)
        UNION SELECT typowner FROM pg_type WHERE oid >= \(Self.firstOfUsers)
        UNION SELECT pubowner FROM pg_publication UNION SELECT evtowner FROM pg_event_trigger)
      SELECT r.rolname, r.rolcanlogin, r.rolinherit, r.rolcreatedb, r.rolcreaterole, r.rolsuper,
        r.rolbypassrls,
        (SELECT string_agg(g.rolname, E'\\n' ORDER BY g.rolname) FROM pg_auth_members m
          JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid)
      FROM pg_roles r JOIN used USING (oid)
      WHERE r.rolname NOT LIKE 'pg\\_%' ORDER BY r.rolname
      """
    ).map { row in
      RoleFact(
        name: row[0] ?? "", canLogin: row[1] == "t", inherits: row[2] == "t",
        canCreateDatabases: row[3] == "t", canCreateRoles: row[4] == "t",
        isSuperuser: row[5] == "t", bypassesRowSecurity: row[6] == "t",
        memberOf: row[7]?.split(separator: "\n").map(String.init) ?? [])
    }
  }

  private static func synapseSchema(
    _ connection: PostgresConnection
  ) throws -> SynapseSchemaFact? {
    guard try connection.value("SELECT to_regclass('schema_version')") != nil,
      try connection.value("SELECT to_regclass('applied_schema_deltas')") != nil,
      let version = try connection.value("SELECT version FROM schema_version").flatMap({ Int($0) })
    else { return nil }
    var compatible: Int?
    if try connection.value("SELECT to_regclass('schema_compat_version')") != nil {
      compatible = try connection.value("SELECT compat_version FROM schema_compat_version")
        .flatMap { Int($0) }
    }
    return SynapseSchemaFact(version: version, compatVersion: compatible)
  }

  /// `pg_dump` sets all other such settings itself.
  private static func outputSettings(_ connection: PostgresConnection) throws -> [String: String] {
    var settings: [String: String] = [:]
    for name in ["bytea_output", "lc_monetary"] {
      settings[name] = try connection.value("SELECT current_setting('\(name)')")
    }
    return settings
  }
}
