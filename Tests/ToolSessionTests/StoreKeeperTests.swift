import Foundation
import ProofTools
import Subprocess
import Testing

@Suite("The store's keeper")
struct StoreKeeperTests {
  @Test func knowsWhatTheLedgersAskForAndRemembersWhoseTheyAre() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    for verb in ["status", "scrub"] {
      // The page names the file on the host, the id that it has in it, and the whole call.
      let stranger = try await host.keeper(verb)
      stranger.expect(
        3, "keeper.unknown-host", naming: "/etc/coffer/host.pub",
        "coffer-store status --store \(host.store.path) --trust host.pub", "it calls itself ")
      let key = try host.folder.readText("keys/host.pub")
      let id = try #require(key.split(separator: "\n").first?.split(separator: " ").last)
      #expect(stranger.errors.contains("names \(id),"), "\(stranger)")
    }
    let quoted = try await host.keeper(["status", "--state", host.path("its keeper")])
    quoted.expect(3, "keeper.unknown-host", naming: "--state '\(host.path("its keeper"))'")
    let first = try await host.trustingKeeper("status", "--json").expect(0)
    #expect(try first.events().first?.number("snapshots") == 1)
    #expect(try first.events().first?.number("objects") == host.store.addedByLedger().count)
    try await host.night()
    let second = try await host.keeper("status", "--json").expect(0)
    #expect(try second.events().first?.number("snapshots") == 2)
  }

  @Test func seesNoStoreWhereThereIsNoneAndMakesNothingThere() async throws {
    let host = try await Deployment()
    try await host.keeper("status").expect(10, "store.missing")
    #expect(throws: (any Error).self) { try host.store.objects() }
  }

  @Test func isNotLedElsewhereByALinkAndNotTalkedIntoAnotherKey() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    try FileManager.default.createDirectory(
      atPath: host.path("elsewhere"), withIntermediateDirectories: false)
    try FileManager.default.createSymbolicLink(
      atPath: host.path("store/keeper"), withDestinationPath: host.path("elsewhere"))
    for verb in ["scrub", "protect", "status"] {
      try await host.trustingKeeper(verb).expect(1, "keeper.unusable", naming: "is a link")
    }
    #expect(try contents(of: host.path("elsewhere")).isEmpty)
    let state = ["--state", host.path("own")]
    try await host.keeper(["status", "--trust", host.path("keys/host.pub")] + state).expect(0)
    // Another key of the same id: everything but the id is changed.
    var lines = try String(decoding: host.store.data("../keys/host.pub"), as: UTF8.self)
      .split(separator: "\n").map(String.init)
    var key = try #require(Data(base64Encoded: lines[1]))
    key[key.count - 1] ^= 1
    lines[1] = key.base64EncodedString()
    try host.write(lines.joined(separator: "\n") + "\n", to: "other.pub")
    try await host.keeper(["status", "--trust", host.path("other.pub")] + state)
      .expect(13, "keeper.other-key")
    try await host.keeper(["status"] + state).expect(0)
  }

  @Test func holdsItsStoreForOneRunAtATime() async throws {
    var chance = SeededChance(for: "one keeper at a time")
    let host = try await Deployment()
    try await host.writeNoise(4_000_000, to: "media/local/noise", &chance)
    try await host.initialise()
    try await host.night()
    try await host.trustingKeeper("status").expect(0)
    _ = try await host.keeper("scrub", "--max-rate", "8K") { run in
      try await until { host.keepersChecks.contains("pass started") }
      try await host.keeper("protect").expect(11, "run.locked")
      try await host.keeper("scrub").expect(11, "run.locked")
      try await host.keeper("status").expect(0)
      // A night does not wait for the keeper.
      try await host.night()
      try run.send(signal: .terminate)
    }
    try await host.keeper("protect").expect(0)
    try await host.keeper("scrub").expect(0)
  }
}
