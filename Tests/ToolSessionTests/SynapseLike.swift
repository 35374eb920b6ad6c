/// The tables of Synapse that Coffer looks at, with one room, two users and two media files.
enum SynapseLike {
  /// The media files of the rows below: what they hold, by their path in the media store.
  static let media = [
    "local_content/Ab/Cd/efghijklmnopqrstuvwx": "a photograph\n",
    "local_content/Zy/Xw/vutsrqponmlkjihgfedc": "a voice message, a little longer\n",
  ]

  /// The key that signs today, as `signing.key` holds it.
  static let signingKey = "ed25519 a_new \(String(repeating: "k", count: 43))\n"

  static let homeserver = """
    server_name: comms.test
    old_signing_keys:
      "ed25519:a_old": { key: "\(String(repeating: "o", count: 43))", expired_ts: 1700000000000 }

    """

  static let schema = """
    CREATE TABLE schema_version (version int, upgraded bool);
    INSERT INTO schema_version VALUES (94, false);
    CREATE TABLE schema_compat_version (compat_version int);
    INSERT INTO schema_compat_version VALUES (84);
    CREATE TABLE applied_schema_deltas (version int, file text);
    CREATE TABLE users (name text PRIMARY KEY);
    INSERT INTO users VALUES ('@alice:comms.test'), ('@bob:comms.test');
    CREATE TABLE devices (user_id text, device_id text);
    INSERT INTO devices VALUES ('@alice:comms.test', 'PHONE'), ('@bob:comms.test', 'LAPTOP');
    CREATE TABLE rooms (room_id text); INSERT INTO rooms VALUES ('!r');
    CREATE TABLE events (event_id text PRIMARY KEY, sender text, stream_ordering bigint, room_id text);
    INSERT INTO events VALUES ('$1', '@alice:comms.test', 1, '!r'), ('$3', '@bob:comms.test', 2, '!r');
    CREATE TABLE event_json (event_id text PRIMARY KEY, json text);
    INSERT INTO event_json VALUES
      ('$1', '{"signatures": {"comms.test": {"ed25519:a_new": "s"}}, "body": "good evening"}'),
      ('$3', '{"signatures": {"comms.test": {"ed25519:a_old": "s"}}, "body": "good morning"}');
    CREATE TABLE current_state_events (event_id text, room_id text);
    INSERT INTO current_state_events VALUES ('$1', '!r');
    CREATE TABLE event_forward_extremities (event_id text, room_id text);
    INSERT INTO event_forward_extremities VALUES ('$3', '!r');
    CREATE TABLE state_groups (id bigint); INSERT INTO state_groups VALUES (1), (2);
    CREATE TABLE state_groups_state (state_group bigint, event_id text);
    INSERT INTO state_groups_state VALUES (1, '$1');
    CREATE TABLE state_group_edges (state_group bigint, prev_state_group bigint);
    INSERT INTO state_group_edges VALUES (2, 1);
    CREATE TABLE event_to_state_groups (event_id text, state_group bigint);
    INSERT INTO event_to_state_groups VALUES ('$1', 2);
    CREATE TABLE e2e_device_keys_json (user_id text, key_json text);
    CREATE TABLE e2e_one_time_keys_json (user_id text, key_json text);
    INSERT INTO e2e_one_time_keys_json VALUES ('@alice:comms.test', '{}');
    CREATE TABLE access_tokens (user_id text, token text);
    INSERT INTO access_tokens VALUES ('@alice:comms.test', 'syt_alice');
    CREATE TABLE account_data (stream_id bigint);
    CREATE TABLE device_inbox (stream_id bigint); INSERT INTO device_inbox VALUES (4);
    CREATE TABLE local_media_repository (media_id text PRIMARY KEY, media_length int,
      url_cache text, sha256 text, quarantined_by text);
    INSERT INTO local_media_repository VALUES
      ('AbCdefghijklmnopqrstuvwx', 13, NULL, encode(sha256('a photograph\\012'::bytea), 'hex'), NULL),
      ('ZyXwvutsrqponmlkjihgfedc', 33, NULL, NULL, NULL);
    CREATE TABLE stream_positions (stream_name text, instance_name text, stream_id bigint);
    INSERT INTO stream_positions VALUES ('events', 'master', 2), ('to_device', 'master', 4);
    CREATE SEQUENCE events_stream_seq; SELECT setval('events_stream_seq', 2);
    CREATE SEQUENCE device_inbox_sequence; SELECT setval('device_inbox_sequence', 5);
    CREATE SEQUENCE state_group_id_seq; SELECT setval('state_group_id_seq', 2);
    """
}
