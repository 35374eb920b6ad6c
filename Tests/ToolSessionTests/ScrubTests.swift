import Foundation
import ProofTools
import Subprocess
import Testing

@Suite("A scrub")
struct ScrubTests {
  /// A host with some nights; what changes between them is small.
  private func host(nights: Int = 2) async throws -> Deployment {
    let host = try await Deployment()
    try await host.initialise()
    for night in 0..<nights {
      try host.write("night \(night)\n", to: "config/night")
      try await host.night()
    }
    return host
  }

  @Test func ofASoundStoreChecksEverythingWhereNoIdentityExists() async throws {
    let host = try await host()
    try host.remove("officers.identity")
    try host.remove("bridge-team.identity")
    let scrub = try await host.trustingKeeper("scrub", "--json").expect(0)
    let result = try #require(try scrub.events().last)
    #expect(try result.number("checkedObjects") == host.store.addedByLedger().count, "\(scrub)")
    #expect(result.number("unreferenced") == 0 && result.number("unchecked") == 0)
    try await host.keeper("scrub").expect(0, naming: "every object was checked since")
    try await host.keeper("protect").expect(0)
    try await host.keeper("scrub", "--repair").expect(0)
    try await host.keeper("status").expect(0)
  }

  @Test func namesWhatIsHurtAndTheSnapshotsThatNeedIt() async throws {
    var chance = SeededChance(for: "a scrub that finds damage")
    let host = try await host()
    let second = try host.store.added(by: host.store.entries()[1])
    let ids = try host.store.entries().map { try host.snapshot(of: $0) }
    for name in second.sorted().shuffled(using: &chance) {
      let bytes = try host.store.data(name)
      try host.damage(name, &chance)
      let scrub = try await host.trustingKeeper("scrub", "--json").expect(4, "scrub.hurt")
      #expect(try scrub.events().filter { $0.name == "hurt" }.map { $0["object"] } == [name])
      let snapshots = try scrub.events().filter { $0.name == "hurt-snapshot" }
      #expect(snapshots.map { $0["snapshot"] } == [ids[1]], "\(scrub)")
      #expect(snapshots.map { $0.texts("objects") } == [[name]])
      try host.store.write(bytes, to: name)
    }
    try await host.keeper("scrub").expect(0)
  }

  @Test func goesRoundTheStoreInSharesAndComesToWhatWasHurtFirst() async throws {
    let host = try await host(nights: 3)
    let all = try host.store.addedByLedger().count
    var checked = 0
    for run in 1...7 {
      let scrub = try await host.trustingKeeper("scrub", "--json", "--fraction", "1/7").expect(0)
      let result = try #require(try scrub.events().last)
      checked += result.number("checkedObjects") ?? 0
      if result.number("unchecked") == 0 { break }
      #expect(run < 7, "\(scrub)")
    }
    #expect(checked >= all)
    let pack = try host.store.packs()[0]
    let bytes = try host.store.data(pack)
    try host.store.flipAByte(of: pack)
    var finds = 0
    for _ in 1...7 where finds == 0 {
      let scrub = try await host.keeper("scrub", "--json", "--fraction", "1/7")
      if scrub.status == 4 { finds += 1 }
    }
    try await host.keeper("scrub", "--fraction", "1/1000").expect(4, naming: pack)
    try host.store.write(bytes, to: pack)
    try await host.keeper("scrub", "--fraction", "1/1000").expect(0)
  }

  @Test func listsWhatNoSnapshotNeedsAndLeavesItAlone() async throws {
    let host = try await host(nights: 1)
    let stray = "packs/ab/" + "ab" + String(repeating: "0", count: 62)
    try FileManager.default.createDirectory(
      atPath: "\(host.store.path)/packs/ab", withIntermediateDirectories: true)
    try host.store.write(Data("what a killed night left".utf8), to: stray)
    let scrub = try await host.trustingKeeper("scrub", "--json").expect(0)
    #expect(try scrub.events().filter { $0.name == "unreferenced" }.map { $0["object"] } == [stray])
    #expect(try host.store.packs().contains(stray))
  }

  @Test func seesLedgersThatWereAlteredCutOrRolledBack() async throws {
    let host = try await host()
    try await host.trustingKeeper("scrub").expect(0)
    let entries = try host.store.entries()
    let signature = entries[1].replacing(".json", with: ".minisig")
    let (entry, signed) = (try host.store.data(entries[1]), try host.store.data(signature))
    try host.store.flipAByte(of: entries[1])
    try await host.keeper("scrub").expect(13, "ledger.bad-signature")
    try host.store.remove(entries[1])
    try await host.keeper("scrub").expect(13, "ledger.rolled-back")
    try host.store.remove(signature)
    try await host.keeper("scrub").expect(13, "ledger.rolled-back")
    try host.store.write(signed, to: signature)
    try host.store.write(entry, to: entries[1])
    try await host.keeper("scrub").expect(0)
  }

  @Test func thatIsStoppedOrKilledIsGoneOnWith() async throws {
    var chance = SeededChance(for: "a scrub that is stopped")
    let host = try await Deployment()
    for number in 0..<4 {
      try await host.writeNoise(3_000_000, to: "media/local/\(number)", &chance)
    }
    try await host.initialise()
    try await host.night()
    let all = try host.store.addedByLedger().count
    try await host.trustingKeeper("status").expect(0)
    // The pack takes twelve seconds at this rate, all else next to nothing; on a busy machine a run may be
    // stopped before it listens.
    for seconds in 1...10 where !host.keepersChecks.contains(" good ") {
      let stopped = try await host.stoppingKeeper(after: seconds, "scrub", "--max-rate", "1M")
      if stopped.status != 128 + SIGTERM { stopped.expect(130, "interrupted") }
    }
    let scrub = try await host.keeper("scrub", "--json").expect(0)
    let result = try #require(try scrub.events().last)
    #expect(
      try scrub.output.contains(#""resumed":true"#)
        && #require(result.number("checkedObjects")) < all)
    #expect(result.number("unchecked") == 0)
    for _ in 0..<3 {
      let delay = Int.random(in: 1...400, using: &chance)
      _ = try await host.keeper("scrub", "--max-rate", "8M") { run in
        try await Task.sleep(for: .milliseconds(delay))
        try? run.send(signal: .kill)
      }
    }
    try await host.keeper("scrub").expect(0)
    try host.store.flipAByte(of: host.store.packs()[0])
    try await host.keeper("scrub").expect(4)
  }

  @Test func keepsToTheRateItIsGiven() async throws {
    var chance = SeededChance(for: "a scrub with a rate")
    let host = try await Deployment()
    try await host.writeNoise(6_000_000, to: "media/local/noise", &chance)
    try await host.initialise()
    try await host.night()
    let start = ContinuousClock.now
    try await host.trustingKeeper("scrub", "--max-rate", "4M").expect(0)
    #expect(ContinuousClock.now - start > .seconds(1))
    try await host.keeper("scrub", "--max-rate", "0").expect(2, "usage")
    try await host.keeper("scrub", "--fraction", "8/7").expect(2, "usage")
  }
}
