import Glibc
import PostgreSQL
import Testing
import Vocabulary

@Suite struct SynapseChecksTests {
  /// The tables of Synapse that the checks read, with one room, one user and two files.
  static let synapse = """
    CREATE TABLE schema_version (version int, upgraded bool);
    INSERT INTO schema_version VALUES (94, false);
    CREATE TABLE schema_compat_version (compat_version int);
    INSERT INTO schema_compat_version VALUES (84);
    CREATE TABLE applied_schema_deltas (version int, file text);
    CREATE TABLE users (name text); INSERT INTO users VALUES ('@alice:comms.test'), ('@b:comms.test');
    CREATE TABLE devices (user_id text, device_id text); CREATE TABLE rooms (room_id text);
    CREATE TABLE events (event_id text, sender text, stream_ordering bigint, room_id text);
    INSERT INTO events VALUES ('$1', '@alice:comms.test', 1, '!r'), ('$2', '@x:other.test', -3, '!r'),
      ('$3', '@b:comms.test', 2, '!r');
    CREATE TABLE event_json (event_id text, json text);
    INSERT INTO event_json VALUES
      ('$1', '{"signatures": {"comms.test": {"ed25519:a_new": "s"}}, "x": "\\u0000\\ud800\\\\u00"}'),
      ('$2', '{"signatures": {"other.test": {"ed25519:theirs": "s"}}}'),
      ('$3', '{"signatures": {"comms.test": {"ed25519:a_old": "s", "ed25519:a_new": "s"}}}');
    CREATE TABLE current_state_events (event_id text, room_id text);
    INSERT INTO current_state_events VALUES ('$1', '!r');
    CREATE TABLE event_forward_extremities (event_id text, room_id text);
    INSERT INTO event_forward_extremities VALUES ('$3', '!r');
    CREATE TABLE state_groups (id bigint); INSERT INTO state_groups VALUES (1), (2);
    CREATE TABLE state_groups_state (state_group bigint);
    CREATE TABLE state_group_edges (state_group bigint, prev_state_group bigint);
    INSERT INTO state_group_edges VALUES (2, 1);
    CREATE TABLE event_to_state_groups (event_id text, state_group bigint);
    INSERT INTO event_to_state_groups VALUES ('$1', 2);
    CREATE TABLE e2e_device_keys_json (a int);
    CREATE TABLE e2e_one_time_keys_json (user_id text, key_json text);
    INSERT INTO e2e_one_time_keys_json VALUES ('@alice:comms.test', '{}');
    CREATE TABLE access_tokens (user_id text); INSERT INTO access_tokens VALUES ('@alice:comms.test');
    CREATE TABLE account_data (stream_id bigint); CREATE TABLE device_inbox (stream_id bigint);
    INSERT INTO device_inbox VALUES (4);
    CREATE TABLE local_media_repository (media_id text, media_length int, url_cache text,
      sha256 text, quarantined_by text);
    INSERT INTO local_media_repository VALUES
      ('AbCdefgh', 12, NULL, 'ff', NULL), ('ZyXwvuts', 7, NULL, NULL, '@admin:comms.test'),
      ('NeverCame', NULL, NULL, NULL, NULL), ('2024-01-01_x', 9, 'https://x', NULL, NULL);
    CREATE TABLE stream_positions (stream_name text, instance_name text, stream_id bigint);
    INSERT INTO stream_positions VALUES ('events', 'master', 2), ('to_device', 'master', 4),
      ('backfill', 'master', -3);
    CREATE SEQUENCE events_stream_seq; SELECT setval('events_stream_seq', 2);
    CREATE SEQUENCE events_backfill_stream_seq; SELECT setval('events_backfill_stream_seq', 3);
    CREATE SEQUENCE device_inbox_sequence; SELECT setval('device_inbox_sequence', 5, false);
    CREATE SEQUENCE state_group_id_seq; SELECT setval('state_group_id_seq', 2);
    CREATE SEQUENCE user_id_seq;
    """

  private func results(after change: String = "") async throws -> [String: CheckResult] {
    let source = try await SharedCluster.database(
      Self.synapse + "TRUNCATE e2e_one_time_keys_json;" + change)
    let all = try SynapseChecks(PostgresConnection(conninfo: source)).run()
    return Dictionary(all.map { ($0.name, $0) }) { first, _ in first }
  }

  @Test func aSoundDatabasePassesEveryCheck() async throws {
    let results = try await results()
    #expect(results.values.filter { $0.outcome != .ok } == [])
    #expect(results.count > 15)
  }

  @Test(arguments: [
    ("DELETE FROM event_json WHERE event_id = '$1'", "events without event_json", "failed"),
    ("DELETE FROM events WHERE event_id = '$2'", "event_json without events", "failed"),
    ("DELETE FROM state_groups WHERE id = 2", "events without their state group", "failed"),
    (
      "DELETE FROM state_groups WHERE id = 1", "state groups without their predecessor", "warning"
    ),
    ("INSERT INTO state_group_edges VALUES (2, 1)", "state group edges twice", "failed"),
    ("DELETE FROM event_forward_extremities", "rooms without a forward extremity", "warning"),
    ("DELETE FROM users", "access tokens without their user", "failed"),
    ("INSERT INTO e2e_one_time_keys_json VALUES ('x', '')", "one-time keys", "failed"),
    ("DROP TABLE schema_version", "schema", "failed"),
    ("DROP TABLE event_to_state_groups", "events without their state group", "notDone"),
    ("INSERT INTO device_inbox VALUES (5)", "sequence device_inbox_sequence", "warning"),
    (
      "UPDATE stream_positions SET stream_id = 34 WHERE stream_name = 'events'",
      "sequence events_stream_seq", "failed"
    ),
    (
      "INSERT INTO events VALUES ('$9', 'x', -4, '!r')", "sequence events_backfill_stream_seq",
      "warning"
    ),
    (
      "CREATE TABLE new (a serial); INSERT INTO new VALUES (9)", "sequence new_a_seq", "failed"
    ),
    ("CREATE SEQUENCE brand_new_sequence", "sequences not known here", "warning"),
  ])
  func everyDamageIsNamed(change: String, check: String, outcome: String) async throws {
    #expect(try await results(after: change)[check]?.outcome.rawValue == outcome)
  }

  @Test func aWrongLocaleFails() async throws {
    let cluster = try await SharedCluster.cluster()
    let name = SharedCluster.freshName()
    try PostgresConnection(conninfo: cluster.conninfo()).execute(
      "CREATE DATABASE \(name) TEMPLATE template0 ENCODING 'LATIN1'")
    let checks = SynapseChecks(
      try PostgresConnection(conninfo: cluster.conninfo(database: name)))
    let results = try checks.run()
    #expect(results.first { $0.name == "locale" }?.outcome == .failed)
  }

  @Test func whatTheRestOfTheRestoreNeedsIsRead() async throws {
    let source = try await SharedCluster.database(Self.synapse)
    let checks = SynapseChecks(try PostgresConnection(conninfo: source))
    #expect(try checks.serverName() == "comms.test")
    #expect(
      try checks.signingKeyIDs(serverName: "comms.test") == ["ed25519:a_new", "ed25519:a_old"])
    #expect(try checks.signingKeyIDs(serverName: "c_mms.test") == [])
    var media: [MediaRow] = []
    try checks.eachMediaRow { media.append($0) }
    #expect(media.map(\.path) == ["local_content/Ab/Cd/efgh", "local_content/Zy/Xw/vuts"])
    #expect(media.map(\.length) == [12, 7])
    #expect(media.map(\.sha256) == ["ff", nil])
    #expect(media.map(\.isQuarantined) == [false, true])
  }

  @Test func oneTimeKeysAreNeitherSavedNorRestored() async throws {
    let source = try await SharedCluster.database(Self.synapse)
    let saved = try await SavedDatabase.save(source, profile: .synapse)
    #expect(saved.facts.synapseSchema?.version == 94)
    #expect(saved.facts.synapseSchema?.compatVersion == 84)
    #expect(!saved.figures.tables.contains { $0.table == "e2e_one_time_keys_json" })
    let restored = try await saved.restore(profile: .synapse)
    let found = try census(restored, like: saved.figures)
    #expect(
      ContentFigures.compare(
        expected: saved.figures, found: found,
        excludedData: DatabaseProfile.synapse.excludedData) == [])
    let results = try SynapseChecks(PostgresConnection(conninfo: restored)).run()
    #expect(results.filter { $0.outcome != .ok } == [])
  }

  @Test func oneTimeKeysOfADumpMadeElsewhereAreEmptied() async throws {
    let saved = try await SavedDatabase.save(SharedCluster.database(Self.synapse))
    #expect(saved.figures.tables.contains { $0.table == "e2e_one_time_keys_json" })
    let restored = try PostgresConnection(conninfo: await saved.restore(profile: .synapse))
    #expect(try restored.value("SELECT count(*) FROM e2e_one_time_keys_json") == "0")
  }

  @Test func profilesAreFoundByTheirWord() throws {
    #expect(try DatabaseProfile.named("mautrix") == .mautrix)
    let error = #expect(throws: OperatorError.self) { try DatabaseProfile.named("synaps") }
    #expect(error?.hint == "the profiles are synapse, mautrix, plain")
  }

  private static let real = unsafe getenv("COFFER_SYNAPSE_CONNINFO").map {
    unsafe String(cString: $0)
  }

  @Test(.enabled(if: real != nil, "COFFER_SYNAPSE_CONNINFO names no real Synapse database"))
  func aRealSynapseDatabaseComesBackAndPasses() async throws {
    let saved = try await SavedDatabase.save(try #require(Self.real), profile: .synapse)
    let restored = try await saved.restore(profile: .synapse)
    let found = try census(restored, like: saved.figures)
    #expect(
      ContentFigures.compare(
        expected: saved.figures, found: found,
        excludedData: DatabaseProfile.synapse.excludedData) == [])
    let checks = SynapseChecks(try PostgresConnection(conninfo: restored))
    for result in try checks.run() {
      print(result)
      #expect(result.outcome == .ok, "\(result)")
    }
    let name = try #require(try checks.serverName())
    print(name, try checks.signingKeyIDs(serverName: name), saved.figures.tables.count)
    try checks.eachMediaRow { print($0) }
  }
}
