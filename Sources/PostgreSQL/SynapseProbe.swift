/// Rows that must have a partner and have none, keys that must be gone, indexes that do not work.
struct SynapseProbe: Sendable {
  /// What is counted; there should be none.
  let name: String
  /// The tables it reads; without them it cannot be done.
  let tables: [String]
  /// Counts.
  let sql: String
  /// Whether a count above zero only deserves a look: seen on sound servers after a purge.
  var onlyWarns = false

  /// All probes, for tables without foreign keys that would have said so themselves.
  static let all: [SynapseProbe] = [
    SynapseProbe(
      name: "events without event_json", tables: ["events", "event_json"],
      sql: """
        SELECT count(*) FROM events e LEFT JOIN event_json j USING (event_id)
        WHERE j.event_id IS NULL
        """),
    SynapseProbe(
      name: "event_json without events", tables: ["events", "event_json"],
      sql: """
        SELECT count(*) FROM event_json j LEFT JOIN events e USING (event_id)
        WHERE e.event_id IS NULL
        """),
    SynapseProbe(
      name: "events without their state group", tables: ["event_to_state_groups", "state_groups"],
      sql: """
        SELECT count(*) FROM event_to_state_groups x LEFT JOIN state_groups g ON g.id = x.state_group
        WHERE g.id IS NULL
        """),
    SynapseProbe(
      name: "state groups without their predecessor",
      tables: ["state_group_edges", "state_groups"],
      sql: """
        SELECT count(*) FROM state_group_edges x
        LEFT JOIN state_groups g ON g.id = x.prev_state_group WHERE g.id IS NULL
        """, onlyWarns: true),
    SynapseProbe(
      name: "state group edges twice", tables: ["state_group_edges"],
      sql: """
        SELECT count(*) FROM (SELECT 1 FROM state_group_edges
          GROUP BY state_group, prev_state_group HAVING count(*) > 1) q
        """),
    SynapseProbe(
      name: "current state without its event", tables: ["current_state_events", "events"],
      sql: """
        SELECT count(*) FROM current_state_events c LEFT JOIN events e USING (event_id)
        WHERE e.event_id IS NULL
        """),
    SynapseProbe(
      name: "rooms without a forward extremity",
      tables: ["current_state_events", "event_forward_extremities"],
      sql: """
        SELECT count(*) FROM (SELECT DISTINCT room_id FROM current_state_events) c
        LEFT JOIN event_forward_extremities f USING (room_id) WHERE f.room_id IS NULL
        """, onlyWarns: true),
    SynapseProbe(
      name: "access tokens without their user", tables: ["access_tokens", "users"],
      sql: """
        SELECT count(*) FROM access_tokens a LEFT JOIN users u ON u.name = a.user_id
        WHERE u.name IS NULL
        """),
    SynapseProbe(
      name: "one-time keys", tables: ["e2e_one_time_keys_json"],
      sql: "SELECT count(*) FROM e2e_one_time_keys_json"),
    SynapseProbe(
      name: "invalid indexes", tables: [],
      sql: "SELECT count(*) FROM pg_index WHERE NOT indisvalid"),
  ]
}

extension SynapseChecks {
  /// Runs the probes.
  func probes() throws -> [CheckResult] {
    try SynapseProbe.all.map { probe in
      let missing = try probe.tables.filter { try !exists($0) }
      guard missing.isEmpty, let count = try number(probe.sql) else {
        return CheckResult(
          name: probe.name, outcome: .notDone,
          detail: "not there: \(missing.joined(separator: ", "))")
      }
      let outcome: CheckResult.Outcome =
        count == 0 ? .ok : probe.onlyWarns ? .warning : .failed
      return CheckResult(name: probe.name, outcome: outcome, detail: "\(count)")
    }
  }
}
