import Foundation
import ProofTools
import Subprocess
import Testing

@Suite("Parity and repair")
struct RepairTests {
  /// A host with two nights, some packs, and parity for all of them.
  private func host(_ chance: inout SeededChance, nights: Int = 2) async throws -> Deployment {
    let host = try await Deployment()
    try await host.initialise()
    for night in 0..<nights {
      try await host.writeNoise(1_500_000, to: "media/local/\(night)", &chance)
      try await host.writeNoise(500_000, to: "bridge/\(night)", &chance)
      try await host.night()
    }
    try await host.trustingKeeper("protect").expect(0)
    return host
  }

  /// All objects but the keeper's own folder.
  private func objects(_ host: Deployment) throws -> [String: Data] {
    try contents(of: host.store.path).filter {
      !$0.key.hasPrefix("keeper") && !$0.key.hasPrefix(".tmp")
    }
  }

  @Test func anyOneObjectIsMendedBitForBitWhereNoIdentityExists() async throws {
    var chance = SeededChance(for: "one object is mended")
    let host = try await host(&chance)
    let before = try objects(host)
    try FileManager.default.moveItem(
      atPath: host.officers.identity, toPath: host.path("elsewhere"))
    for name in try host.store.addedByLedger().sorted() {
      try host.damage(name, &chance)
      let repair = try await host.keeper("scrub", "--repair", "--json").expect(0)
      #expect(try repair.events().filter { $0.name == "mended" }.map { $0["object"] } == [name])
      let isWhole = try objects(host) == before
      #expect(isWhole, "\(name)")
    }
    try await host.keeper("scrub").expect(0)
  }

  @Test func aPackIsMendedTogetherWithItsHeader() async throws {
    var chance = SeededChance(for: "a pack with its header is mended")
    let host = try await host(&chance)
    let before = try objects(host)
    for pack in try host.store.packs() {
      try host.store.remove(pack)
      try host.store.remove(pack + ".header")
      try await host.keeper("scrub").expect(4, naming: pack, pack + ".header")
      try await host.keeper("scrub", "--repair").expect(0, naming: pack)
      let isWhole = try objects(host) == before
      #expect(isWhole, "\(pack)")
    }
    try await host.verify().expect(0)
  }

  @Test func whatIsBeyondTheParityIsNamedAndTheRestStillRestores() async throws {
    var chance = SeededChance(for: "beyond the parity")
    let host = try await host(&chance)
    let first = Set(try host.store.added(by: host.store.entries()[0]))
    let ids = try host.store.entries().map { try host.snapshot(of: $0) }
    let lost = try host.store.packs().filter { !first.contains($0) }
    let damaged = try host.store.names("parity").filter { !$0.hasSuffix("json") }
    for name in lost + damaged { try host.store.remove(name) }
    let repair = try await host.keeper("scrub", "--repair", "--json")
      .expect(4, "scrub.hurt", naming: "parity.too-weak")
    #expect(
      try Set(repair.events().filter { $0.name == "hurt" }.compactMap { $0["object"] })
        .isSuperset(of: lost))
    let snapshots = try repair.events().filter { $0.name == "hurt-snapshot" }
    #expect(snapshots.map { $0["snapshot"] } == [ids[1]])
    try await host.drill("--snapshot", ids[0]).expect(0)
    try await host.drill("--snapshot", ids[1]).expect(4)
  }

  @Test func whateverIsDamagedIsMendedBitForBitOrNamedExactly() async throws {
    var chance = SeededChance(for: "much is damaged")
    let host = try await host(&chance, nights: 3)
    let before = try objects(host)
    let sound = try host.store.copy(to: host.path("sound"))
    let ids = try host.store.entries().map { try host.snapshot(of: $0) }
    for round in 0..<6 {
      _ = try sound.copy(to: host.store.path)
      // With both copies of a manifest gone, nobody knows what else of its batch is.
      let parity = try host.store.names("parity").filter { !$0.hasSuffix("copy.json") }
      let all = try host.store.addedByLedger().union(parity).sorted()
      let damaged = all.shuffled(using: &chance).prefix(Int.random(in: 1...8, using: &chance))
      for name in damaged { try host.damage(name, &chance) }
      let repair = try await host.keeper("scrub", "--repair", "--json")
      let mended = try repair.events().filter { $0.name == "mended" }.compactMap { $0["object"] }
      let hurt = try repair.events().filter { $0.name == "hurt" }.compactMap { $0["object"] }
      #expect((mended + hurt).sorted() == damaged.sorted(), "round \(round): \(repair)")
      #expect(repair.status == (hurt.isEmpty ? 0 : 4), "\(repair)")
      let after = try objects(host)
      for name in all where !hurt.contains(name) && !name.hasPrefix("parity") {
        #expect(after[name] == before[name], "\(name)")
      }
      let lost = try repair.events().filter { $0.name == "hurt-snapshot" }
        .compactMap { $0["snapshot"] }
      for id in ids {
        try await host.verify("--snapshot", id).expect(lost.contains(id) ? 4 : 0)
      }
    }
  }

  @Test func readersPassParityOverAndItGrowsWithTheNights() async throws {
    var chance = SeededChance(for: "readers pass parity over")
    let host = try await host(&chance)
    let parity = try host.store.names("parity")
    try await host.verify().expect(0)
    try await host.drill().expect(0)
    let again = try await host.keeper("protect", "--json").expect(0)
    #expect(try again.events().last?.number("made") == 0)
    #expect(try host.store.names("parity") == parity)
    try host.write("third\n", to: "config/third")
    try await host.night()
    try await host.keeper("scrub").expect(0, naming: "have no parity")
    try await host.keeper("protect").expect(0)
    #expect(try Set(host.store.names("parity")).isDisjoint(with: parity), "the old batch went")
    let scrub = try await host.keeper("scrub", "--json").expect(0)
    #expect(try scrub.events().last?.number("unprotected") == 0)
    #expect(try scrub.events().last?.number("unreferenced") == 0)
  }

  @Test func parityThatIsHurtItselfIsMadeAgain() async throws {
    var chance = SeededChance(for: "parity that is hurt")
    let host = try await host(&chance)
    let before = try objects(host)
    for name in try host.store.names("parity") {
      try host.damage(name, &chance)
      try await host.keeper("scrub").expect(4, "scrub.hurt", naming: name, "parity.hurt")
      try await host.keeper("scrub", "--repair").expect(0, naming: name)
      let isWhole = try objects(host) == before
      #expect(isWhole, "\(name)")
    }
  }

  @Test func hurtObjectsGetNoParityAndKeepWhatTheyHad() async throws {
    var chance = SeededChance(for: "hurt objects get no parity")
    let host = try await host(&chance)
    let before = try objects(host)
    let pack = try #require(try host.store.packs().randomElement(using: &chance))
    try host.store.remove(pack)
    try host.write("third\n", to: "config/third")
    // The night stores the lost chunks anew, or not; the pack is still what older snapshots need.
    _ = try await host.backup("run")
    try await host.keeper("protect").expect(4, "protect.hurt", naming: pack)
    try await host.keeper("scrub", "--repair").expect(0, naming: pack)
    #expect(try host.store.data(pack) == before[pack])
    try await host.keeper("protect").expect(0)
    try await host.keeper("scrub").expect(0)
  }

  @Test func killedAtAnyMomentARepairIsGoneOnWith() async throws {
    var chance = SeededChance(for: "a repair that is killed")
    let host = try await host(&chance)
    let before = try objects(host)
    for _ in 0..<12 {
      let pack = try #require(try host.store.packs().randomElement(using: &chance))
      try host.damage(pack, &chance)
      let delay = Int.random(in: 0...120, using: &chance)
      let verb = ["scrub", "protect"].randomElement(using: &chance) ?? "scrub"
      let flags = verb == "scrub" ? ["--repair"] : []
      _ = try await host.keeper([verb] + flags) { run in
        try await Task.sleep(for: .milliseconds(delay))
        try? run.send(signal: .kill)
      }
      try await host.keeper("scrub", "--repair").expect(0)
      let isWhole =
        try objects(host).filter { !$0.key.hasPrefix("parity") }
        == before.filter { !$0.key.hasPrefix("parity") }
      #expect(isWhole, "\(pack), killed after \(delay) ms of \(verb)")
    }
    try await host.keeper("protect").expect(0)
    #expect(try contents(of: "\(host.store.path)/.tmp/keeper").allSatisfy { $0.value.isEmpty })
    try await host.verify().expect(0)
  }
}
