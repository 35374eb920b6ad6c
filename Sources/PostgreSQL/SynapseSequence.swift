/// A sequence of Synapse's and the columns that must not be ahead of it.
///
/// Synapse looks at these when it starts, and refuses to start where a stream's position is ahead.
struct SynapseSequence: Sendable {
  /// The sequence.
  let name: String
  /// The columns it gives numbers to, as table and column.
  let columns: [(table: String, column: String)]
  /// Its name in `stream_positions`; nil where Synapse compares no position there.
  let stream: String?
  /// Whether numbers count down from -1.
  let countsDown: Bool

  private init(
    _ name: String, _ columns: [String], stream: String? = nil, countsDown: Bool = false
  ) {
    self.name = name
    self.columns = columns.compactMap { text in
      let parts = text.split(separator: ".").map(String.init)
      return parts.count == 2 ? (parts[0], parts[1]) : (text, "stream_id")
    }
    self.stream = stream
    self.countsDown = countsDown
  }

  /// All of Synapse 1.163; releases differ, so what a database lacks is skipped.
  static let all: [SynapseSequence] = [
    SynapseSequence(
      "account_data_sequence", ["room_account_data", "room_tags_revisions", "account_data"],
      stream: "account_data"),
    SynapseSequence("application_services_txn_id_seq", ["application_services_txns.txn_id"]),
    SynapseSequence(
      "cache_invalidation_stream_seq", ["cache_invalidation_stream_by_instance"],
      stream: "caches"),
    SynapseSequence(
      "device_inbox_sequence", ["device_inbox", "device_federation_outbox"], stream: "to_device"),
    SynapseSequence(
      "device_lists_sequence",
      [
        "device_lists_stream", "user_signature_stream", "device_lists_outbound_pokes",
        "device_lists_changes_in_room", "device_lists_remote_pending",
        "device_lists_changes_converted_stream_position",
      ], stream: "device_lists_stream"),
    SynapseSequence(
      "e2e_cross_signing_keys_sequence", ["e2e_cross_signing_keys"],
      stream: "e2e_cross_signing_keys"),
    SynapseSequence(
      "events_stream_seq",
      [
        "events.stream_ordering", "current_state_delta_stream",
        "ex_outlier_stream.event_stream_ordering",
      ], stream: "events"),
    SynapseSequence(
      "events_backfill_stream_seq",
      ["events.stream_ordering", "ex_outlier_stream.event_stream_ordering"], countsDown: true),
    SynapseSequence("event_auth_chain_id", ["event_auth_chains.chain_id"]),
    SynapseSequence("presence_stream_sequence", ["presence_stream"], stream: "presence_stream"),
    SynapseSequence("profile_updates_sequence", ["profile_updates"], stream: "profile_updates"),
    SynapseSequence(
      "push_rules_stream_sequence", ["push_rules_stream"], stream: "push_rules_stream"),
    SynapseSequence("pushers_sequence", ["pushers.id", "deleted_pushers"], stream: "pushers"),
    SynapseSequence("receipts_sequence", ["receipts_linearized"], stream: "receipts"),
    SynapseSequence("sticky_events_sequence", ["sticky_events"], stream: "sticky_events"),
    SynapseSequence(
      "thread_subscriptions_sequence", ["thread_subscriptions"], stream: "thread_subscriptions"),
    SynapseSequence(
      "quarantined_media_id_seq", ["quarantined_media_changes"], stream: "quarantined_media"),
    SynapseSequence(
      "un_partial_stated_event_stream_sequence", ["un_partial_stated_event_stream"],
      stream: "un_partial_stated_event_stream"),
    SynapseSequence(
      "un_partial_stated_room_stream_sequence", ["un_partial_stated_room_stream"],
      stream: "un_partial_stated_room_stream"),
    SynapseSequence("state_group_id_seq", ["state_groups.id"]),
    SynapseSequence("user_id_seq", []),
    SynapseSequence("instance_map_instance_id_seq", ["instance_map.instance_id"]),
  ]
}

extension SynapseChecks {
  /// Compares every sequence with the columns and the stream position that must not be ahead of it.
  func sequenceChecks() throws -> [CheckResult] {
    try SynapseSequence.all.compactMap { sequence in
      guard try exists(sequence.name), let last = try lastValue(of: sequence.name) else {
        return nil
      }
      let name = "sequence \(sequence.name)"
      if let stream = sequence.stream, try exists("stream_positions"),
        let position = try number(
          "SELECT max(stream_id) FROM stream_positions WHERE stream_name = $1", [stream]),
        position > last
      {
        return CheckResult(
          name: name, outcome: .failed,
          detail: "at \(last), but stream \(stream) is at \(position): Synapse will not start")
      }
      for (table, column) in sequence.columns where try hasColumn(table, column) {
        let (table, column) = (SQLText.identifier(table), SQLText.identifier(column))
        let extreme = sequence.countsDown ? "-min(\(column))" : "max(\(column))"
        if let highest = try number("SELECT \(extreme) FROM \(table)"), highest > last {
          return CheckResult(
            name: name, outcome: .warning,
            detail: "at \(last), but \(table) is at \(highest): Synapse repairs it and says so")
        }
      }
      return CheckResult(name: name, outcome: .ok, detail: "at \(last)")
    }
  }

  /// Compares the sequences that PostgreSQL itself knows to number a column.
  func ownedSequenceChecks() throws -> [CheckResult] {
    let owned = try connection.query(
      """
      SELECT s.relname, n.nspname, t.relname, a.attname FROM pg_depend d
      JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
      JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace n ON n.oid = t.relnamespace
      JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
      WHERE d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
        AND n.nspname = current_schema() ORDER BY 1
      """)
    let known = Set(SynapseSequence.all.map(\.name))
    return try owned.compactMap { row in
      guard let sequence = row[0], !known.contains(sequence), let schema = row[1],
        let table = row[2], let column = row[3], let last = try lastValue(of: sequence)
      else { return nil }
      let highest = try number(
        "SELECT max(\(SQLText.identifier(column))) FROM \(SQLText.identifier(schema, table))")
      let isBehind = highest.map { $0 > last } ?? false
      return CheckResult(
        name: "sequence \(sequence)", outcome: isBehind ? .failed : .ok,
        detail: isBehind ? "at \(last), but \(table) is at \(highest ?? 0)" : "at \(last)")
    }
  }

  /// Sequences that neither the table here nor PostgreSQL knows: a newer Synapse made them.
  func unknownSequencesCheck() throws -> CheckResult {
    let known = Set(SynapseSequence.all.map(\.name))
    let unknown = try names(
      """
      SELECT s.relname FROM pg_class s JOIN pg_namespace n ON n.oid = s.relnamespace
      WHERE s.relkind = 'S' AND n.nspname = current_schema()
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
          AND d.objid = s.oid AND d.deptype IN ('a', 'i'))
      ORDER BY 1
      """
    ).filter { !known.contains($0) }
    return CheckResult(
      name: "sequences not known here", outcome: unknown.isEmpty ? .ok : .warning,
      detail: unknown.isEmpty ? "none" : unknown.joined(separator: ", "))
  }

  /// The last number given out.
  private func lastValue(of sequence: String) throws -> Int64? {
    try number(
      """
      SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END
      FROM \(SQLText.identifier(sequence))
      """)
  }
}
