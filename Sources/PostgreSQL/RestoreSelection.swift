/// Which entries of an archive a login can restore, and which are tried or left out.
///
/// No protection: whatever an archive says, its statements run as the login. This is only so that what
/// a superuser once made in a database does not keep the rest of it from coming back.
struct RestoreSelection {
  /// Kinds without which every row is there all the same: each is tried once the rest is restored.
  private static let tried: Set<String> = [
    "ACL", "ACL LANGUAGE", "COMMENT", "DEFAULT ACL", "EVENT TRIGGER", "PUBLICATION",
    "PUBLICATION TABLE", "PUBLICATION TABLES IN SCHEMA", "SECURITY LABEL", "SUBSCRIPTION",
  ]
  /// Kinds that only a superuser may make.
  private static let superusers: Set<String> = [
    "ACCESS METHOD", "FOREIGN DATA WRAPPER", "OPERATOR CLASS", "OPERATOR FAMILY",
    "PROCEDURAL LANGUAGE", "SERVER", "SHELL TYPE", "TEXT SEARCH PARSER", "TEXT SEARCH TEMPLATE",
  ]

  /// What is in the database before anything is restored, and what the login may not do.
  struct Ground {
    var isSuperuser = false
    var schemas: Set<String> = []
    var extensions: Set<String> = []
    /// Extensions that are not there and that the login may not make.
    var superusersExtensions: Set<String> = []
    /// Languages in which it may not write functions.
    var untrustedLanguages: Set<String> = []
  }

  /// What `pg_restore` is to restore.
  private(set) var restored: [ArchiveEntry] = []
  /// What is to be tried one by one afterwards.
  private(set) var attempted: [ArchiveEntry] = []
  /// What the login may not make, and what needs it.
  private(set) var leftOut: [ArchiveEntry] = []

  init(_ entries: [ArchiveEntry], on ground: Ground) {
    var missing: Set<Int> = []
    let tables = Set(entries.filter { $0.kind.hasSuffix("TABLE") }.map { [$0.schema, $0.tag] })
    for entry in entries {
      // Of the database itself: not restored without --create, and not of this name.
      if Self.tried.contains(entry.kind), entry.tag.hasPrefix("DATABASE ") { continue }
      if entry.kind == "SCHEMA", entry.tag != "public", ground.schemas.contains(entry.tag) {
        continue
      }
      if entry.kind == "EXTENSION", ground.extensions.contains(entry.tag) { continue }
      let isOut =
        !ground.isSuperuser
        && (Self.isForSuperusers(entry, ground)
          || (entry.kind == "TABLE DATA" && !tables.contains([entry.schema, entry.tag])))
      if isOut || entry.dependencies.contains(where: missing.contains) {
        missing.insert(entry.id)
        leftOut.append(entry)
      } else if Self.tried.contains(entry.kind) {
        attempted.append(entry)
      } else {
        restored.append(entry)
      }
    }
  }

  /// Rows of an extension's own tables have no table in the archive, and are for superusers, too.
  private static func isForSuperusers(_ entry: ArchiveEntry, _ ground: Ground) -> Bool {
    if superusers.contains(entry.kind) { return true }
    if entry.kind == "EXTENSION" { return ground.superusersExtensions.contains(entry.tag) }
    guard ["FUNCTION", "PROCEDURE"].contains(entry.kind),
      let clause = entry.definition.firstMatch(of: #/\n    LANGUAGE "?([^\s";]+)/#)
    else { return false }
    return ground.untrustedLanguages.contains(String(clause.1))
  }
}

extension RestoreSelection.Ground {
  /// Looks at a database as its login sees it.
  /// - Throws: `OperatorError` `postgres.query`.
  init(_ connection: PostgresConnection) throws {
    func names(_ sql: String) throws -> Set<String> {
      Set(try connection.query(sql).compactMap { $0[0] })
    }
    isSuperuser = try connection.value("SELECT current_setting('is_superuser')") == "on"
    schemas = try names("SELECT nspname FROM pg_namespace")
    extensions = try names("SELECT extname FROM pg_extension")
    superusersExtensions = try names(
      """
      SELECT a.name FROM pg_available_extensions a JOIN pg_available_extension_versions v
        ON v.name = a.name AND v.version = a.default_version
      WHERE a.installed_version IS NULL AND v.superuser AND NOT v.trusted
      """)
    untrustedLanguages = try names("SELECT lanname FROM pg_language WHERE NOT lanpltrusted")
  }
}
