import Foundation
import ProofTools
import Testing

/// What verify says of a host that was restored and then damaged, and a drill of a backup that
/// lacks something.
@Suite(.serialized, .timeLimit(.minutes(20))) struct RestoredHostTests {
  private static let photograph = "local_content/Ab/Cd/efghijklmnopqrstuvwx"

  /// A host that was saved, and restored beside itself.
  private func restoredHost() async throws -> (host: Deployment, map: String) {
    let host = try await Deployment(withDatabase: true)
    try await host.initialise()
    try await host.night()
    let map = try await host.map(into: "new")
    try await host.restore(["host", "--map", map] + host.allIdentities, from: host.store).expect(0)
    try await host.verify("--map", map).expect(0, naming: "media rows have their files")
    return (host, map)
  }

  /// Expects that verify finds what was changed in a restored file, and nothing once it is back.
  private func expectNamed(
    _ host: Deployment, _ map: String, file: String, _ change: (String) throws -> Void,
    naming names: [String]
  ) async throws {
    let path = host.path(file)
    try FileManager.default.moveItem(atPath: path, toPath: host.path("kept"))
    defer {
      try? FileManager.default.removeItem(atPath: path)
      try? FileManager.default.moveItem(atPath: host.path("kept"), toPath: path)
    }
    try change(path)
    let outcome = try await host.verify("--map", map).expect(4, "restore.mismatch")
    for name in names { #expect(outcome.output.contains(name), "\(name): \(outcome)") }
  }

  @Test func whatIsMissingOrOtherAfterARestoreIsNamed() async throws {
    let (host, map) = try await restoredHost()
    let media = "new/media/\(Self.photograph)"
    try await expectNamed(
      host, map, file: media, { _ in },
      naming: ["media file \(Self.photograph) is missing"])
    try await expectNamed(
      host, map, file: media,
      { try Data("a phxtograph\n".utf8).write(to: URL(fileURLWithPath: $0)) },
      naming: ["media file \(Self.photograph) has another SHA-256 than its row"])
    try await expectNamed(
      host, map, file: "new/config/signing.key", { _ in },
      naming: ["ed25519:a_new signed events of comms.test", "signing.key is missing"])
    let other = SynapseLike.signingKey.replacing("a_new", with: "a_other")
    try await expectNamed(
      host, map, file: "new/config/signing.key",
      { try Data(other.utf8).write(to: URL(fileURLWithPath: $0)) },
      naming: ["ed25519:a_new signed events of comms.test", "ed25519:a_other"])
    try await expectNamed(
      host, map, file: "new/config/homeserver.yaml",
      { try Data("server_name: comms.test\n".utf8).write(to: URL(fileURLWithPath: $0)) },
      naming: ["ed25519:a_old signed events of comms.test"])
    try await host.verify("--map", map).expect(0)
    try await host.sqlite("UPDATE portal SET room = 'friends'")
    try await expectNamed(
      host, map, file: "new/bridge.db",
      { try FileManager.default.copyItem(atPath: host.path("bridge.db"), toPath: $0) },
      naming: ["bridge-db"])
  }

  @Test(arguments: [
    ("UPDATE event_json SET json = replace(json, 'good morning', 'bad morning')", "event_json"),
    ("DELETE FROM devices WHERE device_id = 'PHONE'", "devices"),
    ("INSERT INTO rooms VALUES ('!mallory')", "rooms"),
    ("DROP TABLE account_data", "account_data"),
    ("SELECT setval('events_stream_seq', 1)", "events_stream_seq"),
    ("INSERT INTO e2e_one_time_keys_json VALUES ('@alice:comms.test', '{}')", "one-time keys"),
  ])
  func aChangeInTheRestoredDatabaseIsNamed(sql: String, name: String) async throws {
    let (host, map) = try await restoredHost()
    try SharedServer.execute(sql, in: host.restoredDatabase)
    let outcome = try await host.verify("--map", map).expect(4, "restore.mismatch")
    #expect(outcome.output.contains("BAD     synapse-db"), "\(outcome)")
    #expect(outcome.output.contains(name), "\(outcome)")
  }

  @Test func aBackupWhoseMediaLacksAFileFailsItsDrill() async throws {
    let host = try await Deployment(withDatabase: true)
    try await host.initialise()
    try host.remove("media/\(Self.photograph)")
    try await host.night()
    let report = host.path("drill.json")
    let outcome = try await host.drill("--report", report, "--report-key", host.path("drill.key"))
    outcome.expect(4, "drill.failed", naming: "media file \(Self.photograph) is missing")
    #expect(try host.folder.readText("drill.txt").hasPrefix("Restore drill: FAILED\n"))
    #expect(try host.folder.readText("drill.json").contains("\"passed\" : false"))
    // The store itself is sound.
    try await host.verify().expect(0)
  }

  @Test func aBackupWithoutTheSigningKeyFailsItsDrill() async throws {
    let host = try await Deployment(withDatabase: true)
    try await host.initialise()
    try host.remove("config/signing.key")
    try await host.night()
    let metrics = host.path("drill.prom")
    try await host.drill("--metrics", metrics).expect(
      4, "drill.failed", naming: "ed25519:a_new signed events of comms.test")
    #expect(try host.folder.readText("drill.prom").contains("coffer_drill_passed 0\n"))

    try host.write(SynapseLike.signingKey, to: "config/signing.key")
    try await host.night()
    try await host.drill("--metrics", metrics).expect(0)
    let good = try host.folder.readText("drill.prom")
    #expect(good.contains("coffer_drill_passed 1\n"))
    // An older snapshot that fails does not undo that a newer one has passed.
    let oldest = try #require(
      try await host.restore("snapshots", "--json").values(of: "snapshot").first)
    try await host.drill("--metrics", metrics, "--snapshot", oldest).expect(4, "drill.failed")
    let line = try #require(
      good.split(separator: "\n").first { $0.contains("success_timestamp_seconds ") })
    #expect(try host.folder.readText("drill.prom").contains(line))
  }

  @Test func aDrillOfAPartSaysSoAndRenewsNothingOfTheRest() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    let metrics = host.path("drill.prom")
    func values() throws -> [String: String] {
      let lines = try host.folder.readText("drill.prom").split(separator: "\n")
      return lines.filter { !$0.hasPrefix("#") }.reduce(into: [:]) { values, line in
        let parts = line.split(separator: " ")
        values[String(parts[0]).replacing("_timestamp_seconds", with: "")] = String(parts[1])
      }
    }
    try await host.drill("--metrics", metrics).expect(0, naming: "can be restored")
    let whole = try values()
    #expect(whole["coffer_drill_sources"] == "4")
    #expect(whole["coffer_drill_left_out_sources{reason=\"not-saved\"}"] == "0")
    let names = ["bridge-config", "bridge-db", "synapse-config", "synapse-media"]
    for name in names {
      #expect(
        whole["coffer_drill_source_last_success{source=\"\(name)\"}"]
          == whole["coffer_drill_last_success"])
    }

    try await Task.sleep(for: .seconds(1.1))
    try await host.backup("run", "--only", "synapse-config").expect(0)
    let report = host.path("drill.json")
    let keep = ["--report", report, "--report-key", host.path("drill.key"), "--metrics", metrics]
    try await host.restore(
      ["drill", "--scratch", host.path("")] + host.allIdentities + keep, from: host.store
    ).expect(0, naming: "the drill passed, without bridge-config, bridge-db, synapse-media")
    let part = try values()
    #expect(part["coffer_drill_passed"] == "1" && part["coffer_drill_sources"] == "1")
    #expect(part["coffer_drill_left_out_sources{reason=\"not-saved\"}"] == "3")
    #expect(part["coffer_drill_last_success"] == whole["coffer_drill_last_success"])
    for name in names {
      let key = "coffer_drill_source_last_success{source=\"\(name)\"}"
      #expect((part[key] == whole[key]) == (name != "synapse-config"), "\(name)")
    }
    let page = try host.folder.readText("drill.txt")
    #expect(page.contains("NOT drilled: synapse-media, not in this snapshot\n"), "\(page)")

    // Whoever opens one compartment only says nothing of the other.
    try await host.night()
    try await host.restore(
      ["drill", "--scratch", host.path(""), "--identity", host.bridgeTeam.identity] + keep,
      from: host.store
    ).expect(0, naming: "without synapse-config, synapse-media")
    let sealed = try values()
    #expect(sealed["coffer_drill_left_out_sources{reason=\"sealed\"}"] == "2")
    let media = "coffer_drill_source_last_success{source=\"synapse-media\"}"
    #expect(sealed[media] == whole[media])
    #expect(
      try host.folder.readText("drill.txt").contains(
        "NOT drilled: synapse-media, its compartment is sealed\n"))
    // A drill that cannot be held forgets nothing.
    try host.store.remove("coffer.json")
    try await host.drill("--metrics", metrics).expect(10)
    #expect(try values()[media] == whole[media])
  }
}
