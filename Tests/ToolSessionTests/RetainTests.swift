import Foundation
import ProofTools
import Testing

/// Nights that a keeper thins out, and the host and its officers afterwards.
@Suite(.serialized, .timeLimit(.minutes(20))) struct RetainTests {
  @Test func marksFirstThenRemovesAndWhatStaysIsWhole() async throws {
    let host = try await Deployment.seenByItsKeeper()
    let before = try host.store.objects()
    let snapshots = try host.store.entries().map { try host.snapshot(of: $0) }
    // Without --apply nothing is touched but for receipts.
    try await host.retain().expect(0, naming: "would be marked", "--apply")
    #expect(try host.store.objects() == before)
    try await host.retain("--apply").expect(0, naming: "marked, to go after")
    let waiting = try await host.keeper("status", "--json", "--state", host.path("keeper"))
    let marks = try waiting.expect(0).events().filter { $0.name == "mark" }
    #expect(!marks.isEmpty && marks.allSatisfy { $0["until"] != nil && $0["removing"] == nil })
    #expect(try waiting.events().first?.number("marked") == marks.count)
    #expect(try waiting.events().contains { $0["act"] == "retain" && $0.number("status") == 0 })
    try await host.verify().expect(0)
    // The same ten days earlier: its grace is over by now.
    let old = try await Deployment.seenByItsKeeper()
    let gone = try old.store.entries().prefix(3).map { try old.snapshot(of: $0) }
    try old.markWhatMayGo()
    let held = try #require(gone.last)
    try await old.keeper("hold", held, "--reason", "a lawsuit", "--state", old.path("keeper"))
      .expect(0)
    let removal = try await old.retain("--apply", "--json").expect(0)
    let event = try #require(try removal.events().first { $0.name == "removed" })
    #expect(event.texts("snapshots") == Array(gone.prefix(2)))
    #expect((event.number("objects") ?? 0) >= 4 && (event.number("bytes") ?? 0) > 0)
    let status = try await old.keeper("status", "--json", "--state", old.path("keeper")).expect(0)
    let line = try #require(try status.events().first)
    #expect(line.number("gone") == 2 && line.number("held") == 1 && line.number("snapshots") == 4)
    for id in gone.prefix(2) {
      #expect(try old.store.names("manifests").allSatisfy { !$0.contains(id) })
    }
    try await expectWhole(old, gone: gone[0], held: held)
    #expect(snapshots.count == 6)
  }

  @Test func makesParityAnewBeforeMembersOfItsBatchesGo() async throws {
    var chance = SeededChance(for: "parity of what stays")
    let host = try await Deployment.seenByItsKeeper()
    let state = host.keeperState
    try host.markWhatMayGo()
    try await host.keeper(["protect"] + state).expect(0)
    let newest = try host.snapshot(of: #require(host.store.entries().last))
    let staying = try #require(
      host.store.names("manifests").first { $0.contains(newest) })
    // Nothing goes while what stays is hurt: its old batch is what can mend it.
    let before = try host.store.data(staying)
    try host.damage(staying, &chance)
    try await host.retain("--apply").expect(4, "protect.hurt")
    #expect(try host.store.names("parity").isEmpty == false)
    try await host.keeper(["scrub", "--repair"] + state).expect(0)
    #expect(try host.store.data(staying) == before)
    // What is hurt after the removal is mended as well, by a batch of what stays.
    let removal = try await host.retain("--apply", "--json").expect(0)
    #expect(try removal.events().contains { $0.name == "removed" })
    try await host.keeper(["scrub"] + state).expect(0)
    try host.damage(staying, &chance)
    try await host.keeper(["scrub", "--repair"] + state).expect(0)
    #expect(try host.store.data(staying) == before)
  }

  /// What the host, its officers and the scrub say afterwards.
  private func expectWhole(_ host: Deployment, gone: String, held: String) async throws {
    // Nobody's word is taken unasked: what is missing is missing.
    try await host.verify().expect(4, "verify.mismatch", naming: "--keeper")
    let keeper = ["--keeper", host.path("keeper/keeper.pub")]
    try await host.restore(["verify"] + host.allIdentities + keeper, from: host.store).expect(0)
    let list = try await host.restore(["snapshots"] + keeper, from: host.store)
    list.expect(0, naming: "removed by the keeper", "held by the keeper: a lawsuit")
    let missing = try await host.restore(
      ["verify", "--snapshot", gone] + host.allIdentities + keeper, from: host.store)
    missing.expect(5, "snapshot.removed", naming: gone)
    try await host.restore(
      ["run", "--snapshot", held, "--source", "synapse-config", "--target", host.path("held")]
        + host.allIdentities, from: host.store
    ).expect(0)
    #expect(try host.folder.readText("held/night").hasPrefix("night 2\n"))
    try await host.keeper("scrub", "--state", host.path("keeper")).expect(0)
    // The next night finds all it builds upon, and warns of nothing.
    let night = try await host.night()
    #expect(!night.errors.contains("lost"), "\(night)")
    try await host.backup("status").expect(0)
    try await host.drill().expect(0)
    // A key that is not the keeper's is not believed.
    let stranger = try await host.restore(
      ["verify", "--keeper", host.path("keys/host.pub")] + host.allIdentities, from: host.store)
    stranger.expect(13, "receipts.other-key")
  }

  @Test func stopsWhereWhatStaysLooksWorseThanWhatWouldGo() async throws {
    let host = try await Deployment.seenByItsKeeper()
    try host.write("", to: "config/night")
    try host.remove("config/many")
    try await host.night()
    let before = try host.store.objects()
    try await host.retain().expect(14, "retain.smaller", naming: "synapse-config", "--despite")
    try await host.retain("--despite", "smaller").expect(14, "retain.fewer-files")
    #expect(
      try host.store.objects().filter { !$0.key.hasPrefix("receipts/") }
        == before.filter { !$0.key.hasPrefix("receipts/") })
    try await host.retain("--despite", "smaller", "--despite", "fewer-files", "--apply").expect(0)
    // What was accepted once is not held against the next run.
    try await host.retain().expect(0)
  }

  @Test func saysWhatIsWrongWithACommandLine() async throws {
    let host = try await Deployment.seenByItsKeeper()
    let state = host.keeperState
    try await host.keeper(["retain"] + state).expect(2, "retain.no-rule")
    try await host.retain("--min-age", "1d").expect(14, "retain.floor")
    try await host.retain("--grace", "1h").expect(14, "retain.floor")
    try await host.retain("--despite", "everything").expect(2, "usage")
    try await host.retain("--drill-report", host.configuration).expect(2, "drill.unreadable")
    try host.write(
      "{\"type\":\"coffer-drill-report\",\"passed\":false,\"finished\":\"2026-01-02T03:04:05Z\"}",
      to: "drill.json")
    try await host.retain("--drill-report", host.path("drill.json"))
      .expect(14, "retain.drill-failed")
    try await host.keeper(["release", "2026"] + state).expect(2, "snapshot.ambiguous")
    try await host.keeper(["hold", "1999", "--reason", "none"] + state)
      .expect(2, "snapshot.unknown")
    // The key is the keeper's own, and for him alone.
    let mode = try FileManager.default.attributesOfItem(atPath: host.path("keeper/keeper.key"))
    #expect(mode[.posixPermissions] as? Int == 0o600)
    // Without it nobody goes on with his entries.
    try host.remove("keeper/keeper.key")
    try await host.retain().expect(2, "keeper.no-key")
  }
}
