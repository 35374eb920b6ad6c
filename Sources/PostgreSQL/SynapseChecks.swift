internal import Vocabulary

/// What one check of a restored database found.
package struct CheckResult: Codable, Sendable, Equatable {
  /// How it went.
  package enum Outcome: String, Codable, Sendable {
    /// Looked at, and as it should be.
    case ok
    /// Worth a look, no reason to refuse.
    case warning
    /// Not as it must be.
    case failed
    /// Could not be looked at.
    case notDone
  }

  /// What was looked at.
  package let name: String
  /// How it went.
  package let outcome: Outcome
  /// What was found, one line.
  package let detail: String
}

/// A media file that a restored Synapse database speaks of.
package struct MediaRow: Codable, Sendable, Equatable {
  /// The file, relative to the media store.
  package let path: String
  /// Its size in bytes.
  package let length: Int
  /// The SHA-256 of its bytes in hexadecimal, where Synapse recorded it (since 1.128).
  package let sha256: String?
  /// Whether an administrator put it into quarantine.
  package let isQuarantined: Bool
}

/// Looks at a restored Synapse database as Synapse will, before Synapse does.
///
/// Signatures of events are not verified here: that needs the signing key and the redaction rules.
package struct SynapseChecks {
  let connection: PostgresConnection

  /// Takes a connection to the restored database.
  /// - Parameter connection: a connection that may read all tables.
  package init(_ connection: PostgresConnection) {
    self.connection = connection
  }

  /// Runs all checks.
  /// - Returns: one result a check, in a fixed order; never empty.
  /// - Throws: `OperatorError` `postgres.query`.
  package func run() throws -> [CheckResult] {
    try [localeCheck(), schemaCheck()] + probes() + sequenceChecks()
      + ownedSequenceChecks() + [unknownSequencesCheck()]
  }

  /// The server's name, as the users' names end.
  /// - Returns: the name, nil where there are no users yet.
  /// - Throws: `OperatorError` `postgres.query`, or `synapse.server-names` where users of several
  ///   servers are in one table.
  package func serverName() throws -> String? {
    let names = try connection.query(
      "SELECT DISTINCT substr(name, strpos(name, ':') + 1) FROM users WHERE name LIKE '@%:%'"
    ).compactMap { $0[0] }
    guard names.count < 2 else {
      throw OperatorError(
        "synapse.server-names", .mismatch, "users of more than one server: \(names.sorted())")
    }
    return names.first
  }

  /// Lends every local media file that must exist, one after the other.
  ///
  /// Uploads that never came (no length) and the cache of web previews are not among them.
  /// - Parameter row: is lent one file.
  /// - Throws: `OperatorError` `postgres.query`, or what `row` throws.
  package func eachMediaRow(_ row: (MediaRow) throws -> Void) throws {
    let hasHash = try hasColumn("local_media_repository", "sha256")
    // Page by page, so that millions of rows need no memory.
    var last = ""
    while true {
      let page = try connection.query(
        """
        SELECT media_id, 'local_content/' || substr(media_id, 1, 2) || '/'
            || substr(media_id, 3, 2) || '/' || substr(media_id, 5),
          media_length, \(hasHash ? "sha256" : "NULL"), quarantined_by IS NOT NULL
        FROM local_media_repository
        WHERE url_cache IS NULL AND media_length IS NOT NULL AND media_id > $1
        ORDER BY media_id LIMIT 5000
        """, [last])
      for entry in page {
        guard let id = entry[0], let path = entry[1], let length = entry[2].flatMap({ Int($0) })
        else { continue }
        last = id
        try row(
          MediaRow(path: path, length: length, sha256: entry[3], isQuarantined: entry[4] == "t"))
      }
      guard page.count == 5000 else { return }
    }
  }

  /// The ids of the signing keys that signed this server's own events.
  ///
  /// Each must be in the restored signing key file or among `old_signing_keys`.
  /// - Parameter serverName: this server's name.
  /// - Returns: ids such as `ed25519:a_AbCd`, sorted.
  /// - Throws: `OperatorError` `postgres.query`.
  package func signingKeyIDs(serverName: String) throws -> [String] {
    // An event may hold \u0000 or half a surrogate pair, which PostgreSQL refuses to read, as json
    // no less than as jsonb. Escapes do not matter here, so all become the same harmless one.
    try connection.query(
      #"""
      SELECT DISTINCT k FROM event_json j JOIN events e USING (event_id),
        LATERAL json_object_keys((CASE WHEN strpos(j.json, '\u') > 0
          THEN regexp_replace(j.json, '\\u[0-9a-fA-F]{4}', '\\ufffd', 'g') ELSE j.json END)::json
          #> ARRAY['signatures', $1::text]) k
      WHERE right(e.sender, length($1::text) + 1) = ':' || $1::text ORDER BY k
      """#, [serverName]
    ).compactMap { $0[0] }
  }

  /// A message event as Synapse keeps it.
  package struct KeptEvent: Sendable {
    /// The event's id.
    package let id: String
    /// The event's JSON text.
    package let json: String
    /// The version of its room: which keys a redaction keeps depends on it.
    package let roomVersion: String
  }

  /// The newest message that one of this server's users sent.
  /// - Parameter serverName: this server's name.
  /// - Returns: the event; nil where there is none.
  /// - Throws: `OperatorError` `postgres.query`.
  package func latestSignedMessage(serverName: String) throws -> KeptEvent? {
    // Databases of a very old Synapse do not know the versions of their rooms.
    let columns = try connection.value(
      """
      SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('rooms')
        AND attname = 'room_version' AND NOT attisdropped
      """)
    guard columns == "1" else { return nil }
    return try connection.query(
      """
      SELECT e.event_id, j.json, r.room_version
      FROM events e JOIN event_json j USING (event_id) JOIN rooms r ON r.room_id = e.room_id
      WHERE e.type IN ('m.room.message', 'm.room.encrypted') AND NOT e.outlier
        AND r.room_version IS NOT NULL
        AND right(e.sender, length($1::text) + 1) = ':' || $1::text
      ORDER BY e.stream_ordering DESC LIMIT 1
      """, [serverName]
    ).first.flatMap { row in
      guard let id = row[0], let json = row[1], let version = row[2] else { return nil }
      return KeptEvent(id: id, json: json, roomVersion: version)
    }
  }

  private func localeCheck() throws -> CheckResult {
    let row =
      try connection.query(
        """
        SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database
        WHERE datname = current_database()
        """
      ).first?.map { $0 ?? "" } ?? []
    return CheckResult(
      name: "locale", outcome: row == ["UTF8", "C", "C"] ? .ok : .failed,
      detail: row.joined(separator: ", "))
  }

  private func schemaCheck() throws -> CheckResult {
    guard try exists("schema_version"),
      let version = try connection.value("SELECT version FROM schema_version")
    else {
      return CheckResult(name: "schema", outcome: .failed, detail: "no schema_version")
    }
    let compatible =
      try exists("schema_compat_version")
      ? connection.value("SELECT compat_version FROM schema_compat_version") : nil
    return CheckResult(
      name: "schema", outcome: .ok,
      detail: "version \(version), compatible down to \(compatible ?? "unknown")")
  }
}

extension SynapseChecks {
  func exists(_ relation: String) throws -> Bool {
    try connection.value("SELECT to_regclass($1)", [SQLText.identifier(relation)]) != nil
  }

  func hasColumn(_ table: String, _ column: String) throws -> Bool {
    try connection.value(
      "SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = $2",
      [SQLText.identifier(table), column]) != nil
  }

  func number(_ sql: String, _ parameters: [String?] = []) throws -> Int64? {
    try connection.value(sql, parameters).flatMap { Int64($0) }
  }

  func names(_ sql: String) throws -> [String] {
    try connection.query(sql).compactMap { $0[0] }
  }
}
