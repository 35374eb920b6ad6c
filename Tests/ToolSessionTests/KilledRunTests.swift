import Foundation
import ProofTools
import Subprocess
import Testing

/// Runs that are ended from outside, at any moment.
@Suite(.serialized, .timeLimit(.minutes(20))) struct KilledRunTests {
  /// How many of the packs lie in the store for nothing.
  private func orphans(in store: Store) throws -> [String] {
    let needed = try store.addedByLedger()
    return try store.packs().filter { !needed.contains($0) }
  }

  /// Something new for every phase of a night to do.
  private func change(_ host: Deployment, _ chance: inout SeededChance) async throws {
    let number = Int.random(in: 0..<6, using: &chance)
    try await host.writeNoise(11_000_000, to: "config/large-\(number)", &chance)
    for _ in 0..<40 {
      let name = Int.random(in: 0..<400, using: &chance)
      try host.write(chance.bytes(5_000), to: "bridge/small/\(name % 20)/\(name)")
    }
    let seed = UInt32(truncatingIfNeeded: chance.next())
    try SharedServer.execute(
      """
      INSERT INTO device_inbox SELECT 5 FROM generate_series(1, 100);
      UPDATE filler SET body = md5(body || '\(seed)') WHERE id % 10 = \(seed % 10);
      """, in: host.database ?? "")
    try await host.sqlite("INSERT INTO portal VALUES ('!\(seed)', hex(randomblob(2000)))")
  }

  @Test func aRunKilledTwentyTimesAtAnyMomentLosesNothing() async throws {
    var chance = SeededChance(for: "a run killed twenty times")
    let host = try await Deployment(withDatabase: true)
    try SharedServer.execute(
      """
      CREATE TABLE filler (id int, body text);
      INSERT INTO filler SELECT n, repeat(md5(n::text), 3) FROM generate_series(1, 60000) n
      """, in: host.database ?? "")
    for number in 0..<6 {
      try await host.writeNoise(11_000_000, to: "config/large-\(number)", &chance)
    }
    try await host.initialise()
    var (kills, attempts) = (0, 0)
    var longest = Duration.seconds(4)
    while kills < 20, attempts < 100 {
      // A few kills one after the other, then a night that is left alone.
      for _ in 0..<Int.random(in: 1...4, using: &chance) where kills < 20 {
        attempts += 1
        let moment = longest * Double.random(in: 0...1, using: &chance)
        let killed = try await host.backup("run") { run in
          try await Task.sleep(for: moment)
          try? run.send(signal: .kill)
        }
        #expect([128 + 9, 0].contains(killed.status), "\(killed)")
        // Whoever was done before the moment came does not count.
        if killed.status == 128 + 9 { kills += 1 } else { longest = longest * 0.7 }
        let verified = try await host.verify()
        // Between the first manifests and their ledger entry, or between any entry's signature and the
        // entry, a killed run looks like a robbed store.
        let entries = try host.store.entries().count
        let isRobbed =
          try entries == 0
          ? !host.store.names("manifests").isEmpty
          : host.store.names("ledger", ending: ".minisig").count > entries
        let expected: Int32 = isRobbed ? 13 : entries == 0 ? 5 : 0
        #expect(verified.status == expected, "after kill \(kills) at \(moment): \(verified)")
      }
      let clock = ContinuousClock()
      let start = clock.now
      try await host.night()
      longest = clock.now - start
      let lost = try orphans(in: host.store)
      #expect(lost.count <= kills, "\(kills) kills left \(lost.count) packs that nobody needs")
      try await host.verify().expect(0)
      try await change(host, &chance)
    }
    print(
      "a run killed twenty times: \(attempts) attempts, "
        + "\(try host.store.entries().count) snapshots, "
        + "\(try orphans(in: host.store).count) packs without use")
    #expect(kills == 20)
    try await host.drill().expect(0)
    let left = try contents(of: "\(host.store.path)/.tmp").filter { $0.value.count > 0 }
    #expect(left.isEmpty, "\(left.keys)")
  }

  @Test(arguments: ["packs", "indexes", "manifests", "ledger"])
  func aRunKilledAtTheFirstSignOfAFolderLosesNothing(folder: String) async throws {
    var chance = SeededChance(for: "a run killed at the first sign of \(folder)")
    let host = try await Deployment()
    try await host.writeNoise(3_000_000, to: "bridge/first", &chance)
    try await host.writeNoise(3_000_000, to: "config/second", &chance)
    try await host.initialise()
    _ = try await host.backup("run") { run in
      try await until { try host.store.names(folder).count > 0 }
      try? run.send(signal: .kill)
    }
    let isPublished = try host.store.entries().count == 1
    // Manifests without a ledger are what somebody leaves who takes the ledger away.
    let isRobbed = try !host.store.names("manifests").isEmpty
    try await host.verify().expect(isPublished ? 0 : isRobbed ? 13 : 5)
    let before = try host.store.packs()
    let night = try await host.night()
    #expect(try host.store.entries().count == (isPublished ? 2 : 1))
    let needed = try host.store.addedByLedger()
    #expect(before.filter { !needed.contains($0) }.count <= 1, "\(night)")
    try await host.verify().expect(0)
    try await host.drill().expect(0)
  }

  @Test(arguments: [Subprocess.Signal.terminate, .interrupt])
  func aRunThatIsAskedToStopStopsCleanly(signal: Subprocess.Signal) async throws {
    var chance = SeededChance(for: "a run that is asked to stop")
    let host = try await Deployment()
    try await host.writeNoise(40_000_000, to: "bridge/first", &chance)
    for number in 0..<2 {
      try await host.writeNoise(40_000_000, to: "config/large-\(number)", &chance)
    }
    try await host.initialise()
    let stopped = try await host.backup("run", "--json") { run in
      // Not before the first pack is there, so that there is something to use again.
      try await until { try host.store.packs().count > 0 }
      try run.send(signal: signal)
    }
    stopped.expect(130, "interrupted", naming: "the next run goes on from here")
    #expect(try stopped.events().last?["code"] == "interrupted")
    #expect(try host.store.entries().isEmpty)
    #expect(try contents(of: "\(host.store.path)/.tmp").allSatisfy { $0.value.isEmpty })
    #expect(try contents(of: host.path("state/scratch")).isEmpty)
    try await host.verify().expect(5, "snapshot.none")
    let before = Set(try host.store.packs())
    try await host.night()
    let needed = try host.store.addedByLedger()
    #expect(before.isSubset(of: needed), "packs of the stopped run are used")
    try await host.verify().expect(0)
  }

  @Test func aSignatureLeftWithoutItsEntryIsWrittenAgain() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    let head = try contents(of: host.path("state"))["head.json"]
    try await host.night()
    // As if the run had died between the two last renames.
    let entry = try host.store.entries()[1]
    try host.store.remove(entry)
    try host.write([UInt8](try #require(head)), to: "state/head.json")
    try await host.night()
    #expect(try host.store.entries().count == 2)
    try await host.verify().expect(0, naming: "ledger head 2 ")
  }

  @Test func aStateFolderOfTheDayBeforeIsBroughtUpToDate() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    try FileManager.default.copyItem(atPath: host.path("state"), toPath: host.path("state.old"))
    try host.write("second\n", to: "config/second")
    try await host.night()
    // As if the run had died just after it published, or the host were restored from an image.
    try host.remove("state")
    try FileManager.default.moveItem(atPath: host.path("state.old"), toPath: host.path("state"))
    try host.write("third\n", to: "config/third")
    let night = try await host.night()
    #expect(try night.stored() < 20_000, "\(night)")
    try await host.verify().expect(0, naming: "ledger head 3 ")
    try await host.drill().expect(0)
  }

  @Test(arguments: ["", "not a database at all, but long enough to be looked at as one"])
  func aDamagedCatalogIsMadeAnewFromTheStore(content: String) async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    for name in ["catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"] {
      try? host.remove("state/\(name)")
    }
    try host.write(String(repeating: content, count: 100), to: "state/catalog.sqlite")
    let night = try await host.night()
    #expect(try night.stored() < 20_000, "\(night)")
    if !content.isEmpty { #expect(night.errors.contains("catalog"), "nobody is told: \(night)") }
    try await host.verify().expect(0, naming: "ledger head 2 ")
  }
}
