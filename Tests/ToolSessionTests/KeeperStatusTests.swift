import Foundation
import ProofTools
import StoreWire
import Testing

/// What the keeper is told of a store, its hosts, and his own work.
@Suite(.serialized, .timeLimit(.minutes(20))) struct KeeperStatusTests {
  private func event(_ name: String, in outcome: Program.Outcome) throws -> Event {
    try #require(try outcome.events().first { $0.name == name }, "no \(name) in \(outcome)")
  }

  @Test func saysWhatIsCheckedAndProtectedAndWhatWasDoneLast() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    let objects = try host.store.addedByLedger().count
    let before = try await host.trustingKeeper("status", "--json").expect(0)
    #expect(try event("checks", in: before).number("unchecked") == objects)
    #expect(try event("checks", in: before)["oldest"] == nil)
    #expect(try event("parity", in: before).number("unprotected") == objects)
    #expect(try before.events().allSatisfy { $0.name != "act" })
    let made = try await event("protected", in: host.keeper("protect", "--json").expect(0))
    try await host.keeper("scrub").expect(0)
    let after = try await host.keeper("status", "--json").expect(0)
    let (checks, parity) = (try event("checks", in: after), try event("parity", in: after))
    #expect(checks.number("unchecked") == 0 && checks.number("bad") == 0)
    #expect(checks.number("checked") == checks.number("objects") && checks["oldest"] != nil)
    #expect(parity.number("unprotected") == 0 && parity.number("protected") == objects)
    #expect(parity.number("batches") == made.number("batches"))
    #expect(parity.number("bytes") == made.number("parityBytes"))
    let store = try event("store", in: after)
    let stored = try host.store.objects().filter {
      !$0.key.hasPrefix("ledger/") && !$0.key.hasPrefix("keeper/") && $0.key != "coffer.json"
    }
    #expect(store.number("bytes") == stored.values.reduce(0, +))
    #expect((store.number("freeBytes") ?? 0) > 0)
    let acts = try after.events().filter { $0.name == "act" }
    #expect(acts.map { $0["act"] } == ["protect", "scrub"])
    #expect(acts.allSatisfy { $0.number("status") == 0 && $0["completed"] == $0["time"] })
    // Nobody has signed a receipt yet.
    #expect(try event("host", in: after).number("unreceived") == 1)
    let text = try await host.keeper("status").expect(0, naming: "ledger head 1 ", "0 bad", "done")
    #expect(!text.text.contains("note:"), "\(text)")
  }

  @Test func tellsOfHoldsAndOfWhenEntriesWereReceived() async throws {
    let host = try await Deployment()
    try await host.initialise()
    for _ in 0..<2 { try await host.night() }
    let first = try host.snapshot(of: host.store.entries()[0])
    try await host.trustingKeeper("hold", first, "--reason", "a lawsuit\u{1B}[2J").expect(0)
    try await host.night()
    let status = try await host.keeper("status", "--json").expect(0)
    let line = try event("host", in: status)
    #expect(line.number("snapshots") == 3 && line.number("held") == 1 && line.number("gone") == 0)
    #expect(line.number("receivedSequence") == 2 && line.number("unreceived") == 1)
    #expect(line["received"] != nil)
    let hold = try event("hold", in: status)
    #expect(hold["snapshot"] == first && hold["reason"] == "a lawsuit\u{1B}[2J")
    let text = try await host.keeper("status").expect(0, naming: first, "a lawsuit", "1 held")
    #expect(!text.text.contains("\u{1B}"))
  }

  @Test func exitsWith4WhileSomethingIsBadAndNotMended() async throws {
    var chance = SeededChance(for: "status of what is bad")
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    try await host.trustingKeeper("protect").expect(0)
    let pack = try host.store.packs()[0]
    try host.damage(pack, &chance)
    // Nobody has looked yet.
    try await host.keeper("status").expect(0)
    try await host.keeper("scrub").expect(4, "scrub.hurt")
    let status = try await host.keeper("status", "--json").expect(4, "object.hurt", naming: pack)
    #expect(try event("checks", in: status).texts("badObjects") == [pack])
    let act = try #require(try status.events().last { $0["act"] == "scrub" })
    #expect(act.number("status") == 4 && act["code"] == "scrub.hurt" && act["completed"] != nil)
    try await host.keeper("status").expect(4, naming: "exit 4 [scrub.hurt]", "1 bad")
    try await host.keeper("scrub", "--repair").expect(0)
    try await host.keeper("status").expect(0, naming: "0 bad")
  }

  @Test func countsWhatAHostWasRefused() async throws {
    let (host, keeper) = (try await Deployment(), try KeeperMachine())
    try await host.sendNights(to: keeper)
    try await host.night()
    for _ in 0..<3 {
      let client = try HostileClient(keeper, as: host.path("keys/host.pub"))
      try client.begin()
      let name = try #require(try keeper.store.packs().first)
      #expect(client.ask(.remove, name) == "store.add-only")
      client.leave()
    }
    // Long ago it was refused as well, for another reason too.
    let id = try #require(
      try FileManager.default.contentsOfDirectory(atPath: "\(keeper.store.path)/ledger").first)
    let old = ["store.add-only", "receive.quota"].map {
      #"{"act":"refused","details":{"code":"\#($0)","host":"\#(id)","message":"once"},"#
        + #""time":"2020-01-02T03:04:05Z"}"# + "\n"
    }
    let journal = try keeper.folder.readText("store/keeper/journal")
    try keeper.folder.write(old.joined() + journal + "{\"act\":\"torn", to: "store/keeper/journal")
    let status = try await keeper.run(["status", "--json"]).expect(0)
    let refusals = try status.events().filter { $0.name == "refusal" }
    #expect(refusals.map { $0["code"] } == ["receive.quota", "store.add-only"])
    #expect(refusals.map { $0.number("count") } == [0, 3])
    #expect(refusals.map { $0.number("total") } == [1, 4])
    #expect(refusals[0]["last"] == "2020-01-02T03:04:05Z" && refusals[1]["message"] != "once")
    #expect(refusals.allSatisfy { $0["host"] == id })
    try await keeper.run(["status"]).expect(0, naming: "3 times store.add-only", "note: hosts were")
    let years = try await keeper.run(["status", "--json", "--refusals-within", "90y"]).expect(0)
    try keeper.folder.write(
      (old[0] + journal).replacing(id, with: "00000000000000AA") + journal,
      to: "store/keeper/journal")
    try await keeper.run(["status"]).expect(0, naming: "00000000000000AA  no ledger here")
    let counts = try years.events().filter { $0.name == "refusal" }.map { $0.number("count") }
    #expect(counts == [1, 4])
  }

  @Test(.enabled(if: StockTool.isInstalled("promtool"), "Debian's prometheus is not installed"))
  func prometheusTakesTheFiguresOfTheStore() async throws {
    var chance = SeededChance(for: "figures of a store")
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    let file = host.path("metrics/store.prom")
    func figures() async throws -> String {
      let text = try host.folder.readText("metrics/store.prom")
      let outcome = try await host.program("promtool").run(["check", "metrics"], input: text)
      #expect(outcome.status == 0, "\(outcome)")
      #expect(outcome.text.trimmingCharacters(in: .whitespacesAndNewlines) == "", "\(outcome)")
      let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
      #expect(mode == 0o644, "node_exporter runs as another user")
      return text
    }
    try await host.trustingKeeper("protect", "--metrics", file).expect(0)
    #expect(try await figures().contains("coffer_store_last_protect_timestamp_seconds 1"))
    try await host.keeper("retain", "--keep-last", "3", "--apply", "--metrics", file).expect(0)
    let kept = try await figures()
    #expect(kept.contains("state=\"kept\"} 1\n") && kept.contains("coffer_store_newest_receipt"))
    #expect(kept.contains("coffer_store_last_retain_timestamp_seconds 1"))
    // A verb that finds damage writes its figures all the same.
    try host.damage(host.store.packs()[0], &chance)
    let id = try #require(
      try FileManager.default.contentsOfDirectory(atPath: "\(host.store.path)/ledger").first)
    let journal = try host.folder.readText("store/keeper/journal")
    try host.write(
      journal
        + #"{"act":"refused","details":{"code":"receive.quota","host":"\#(id)","message":"m"},"#
        + #""time":"2020-01-02T03:04:05Z"}"# + "\n", to: "store/keeper/journal")
    try await host.keeper("scrub", "--metrics", file).expect(4)
    let hurt = try await figures()
    #expect(hurt.contains("coffer_store_objects_bad 1\n"))
    #expect(hurt.contains("coffer_store_act_exit_status{act=\"scrub\"} 4\n"))
    #expect(hurt.contains("coffer_store_refusals_total{host=\"\(id)\",code=\"receive.quota\"} 1\n"))
    try await host.keeper("status", "--metrics", file).expect(4)
    _ = try await figures()
    // What cannot be written is said, and hides nothing.
    let nowhere = host.path("coffer.yaml/store.prom")
    try await host.keeper("scrub", "--metrics", nowhere)
      .expect(4, "scrub.hurt", naming: "[metrics.unwritable]")
    try await host.keeper("scrub", "--repair", "--metrics", nowhere)
      .expect(3, "metrics.unwritable")
  }
}
