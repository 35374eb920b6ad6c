import Foundation
import ProofTools
import Subprocess
import Testing

/// What an officer rewrapped at home, carried to where the store has a copy.
@Suite("Across the air gap, rewrapped", .serialized, .timeLimit(.minutes(20)))
struct CarriedRewrapTests {
  /// A host with nights for its officers and one who will leave.
  private struct Custody {
    let host: Deployment
    let leaver: Officer
    let newcomer: Officer

    /// The arguments that name the officer who rewraps.
    var officer: [String] { ["--officer", host.officerKey] }

    func snapshots() throws -> [String] {
      try host.store.entries().map { try host.snapshot(of: $0) }
    }
  }

  private func custody(_ nights: Int = 3, noise: Int = 300_000) async throws -> Custody {
    let host = try await Deployment()
    let (leaver, newcomer) = try host.changeOfOfficers()
    var chance = SeededChance(for: "rewrapped and carried")
    try await host.writeNoise(noise, to: "config/large", &chance)
    try await host.initialise()
    for night in 0..<nights {
      try await host.writeNoise(50_000, to: "config/night-\(night)", &chance)
      try await host.night()
    }
    return Custody(host: host, leaver: leaver, newcomer: newcomer)
  }

  /// Lets the newcomer in at home and the leaver out, and has one more night.
  private func rewrapAtHome(_ custody: Custody) async throws {
    let host = custody.host
    let officers = [host.officers, custody.newcomer]
    try await host.rewrap(for: officers, as: host.officers).expect(0)
    try await host.trustingKeeper("status", "--officer", host.officerKey).expect(0)
    host.coreOfficers = officers
    try host.configure()
    try host.write("one more night\n", to: "config/one-more")
    try await host.night()
  }

  private func takeIn(
    _ set: Volumes, _ custody: Custody, _ arguments: [String] = [],
    while body: (Program.Running) async throws -> Void = { _ in }
  ) async throws -> Program.Outcome {
    try await custody.host.farKeeper(
      ["import", "--json", "--trust", custody.host.path("keys/host.pub")] + arguments
        + ["--from", set.path], while: body)
  }

  private func restore(
    _ snapshot: String, of custody: Custody, as officer: Officer
  ) async throws -> Program.Outcome {
    let target = custody.host.path("restored-\(UUID().uuidString)")
    let arguments = [
      "run", "--source", "synapse-config", "--snapshot", snapshot, "--target", target,
      "--identity", officer.identity,
    ]
    return try await custody.host.restore(arguments, from: custody.host.far)
  }

  /// Expects the far store to be as the one at home, open to the newcomer and to the leaver not.
  private func expectRewrapped(_ custody: Custody) async throws {
    let host = custody.host
    try host.expectTheSame()
    for snapshot in try custody.snapshots() {
      try await restore(snapshot, of: custody, as: custody.newcomer).expect(0)
      try await restore(snapshot, of: custody, as: custody.leaver)
        .expect(12, "identity.none-fits")
    }
    try await host.farKeeper(["scrub"]).expect(0)
    try await host.verify("--identity", custody.newcomer.identity, of: host.far).expect(0)
    let left = try contents(of: "\(host.far.path)/.tmp").filter { $0.value.count > 0 }
    #expect(left.isEmpty, "\(left.keys)")
  }

  /// What lies below a folder of a store.
  private func objects(_ store: Store, _ folders: String...) throws -> [String: Data] {
    let names = try folders.flatMap { try store.names($0) }
    return try Dictionary(uniqueKeysWithValues: names.map { ($0, try store.data($0)) })
  }

  @Test func theNewHeadersTravelAndThePayloadsDoNot() async throws {
    let custody = try await custody()
    let host = custody.host
    try await takeIn(host.export("6M", to: "first"), custody).expect(0)
    try await rewrapAtHome(custody)
    try await host.farKeeper(["have", "--to", host.path("have.json")]).expect(0)
    let set = try await host.export("6M", "--since", host.path("have.json"), to: "second")
    let carried = try await host.carried(by: set)
    let new = try host.store.added(by: host.store.entries()[3])
    // Of what was there, whatever has a header; and of payloads, those of the newest night alone.
    let old = try host.store.entries().prefix(3).flatMap { try host.store.added(by: $0) }
    let core = old.filter { $0.hasSuffix(".core.age") || $0.hasSuffix(".header") }
    #expect(Set(old.filter { $0.hasSuffix(".core.age") }).isSubset(of: carried))
    #expect(carried.filter { old.contains($0) && !core.contains($0) }.isEmpty)
    #expect(try carried.isSuperset(of: host.store.names("rewraps")))
    let payloads = try Set(host.store.packs())
    #expect(carried.intersection(payloads) == payloads.intersection(new))
    let taken = try await takeIn(set, custody, custody.officer)
    taken.expect(0)
    #expect(try taken.events().first { $0.name == "import" }?.number("rewrapped") ?? 0 > 5)
    try await expectRewrapped(custody)
    // Nothing is left to carry, and the chain does not travel twice.
    try await host.keeper(
      ["export", "--to", host.path("third"), "--volume-size", "6M"]
        + ["--since", host.path("far/keeper/receipt.json")]
    ).expect(5, "export.nothing")
    try host.write("the night after\n", to: "config/after")
    try await host.night()
    try await host.farKeeper(["have", "--to", host.path("have.json")]).expect(0)
    let after = try await host.export("6M", "--since", host.path("have.json"), to: "after")
    #expect(try await host.carried(by: after).allSatisfy { !$0.hasPrefix("rewraps/") })
    try await takeIn(after, custody).expect(0)
    try await expectRewrapped(custody)
  }

  @Test func anEmptyStoreGetsAllOfItAtOnce() async throws {
    let custody = try await custody()
    try await rewrapAtHome(custody)
    let set = try await custody.host.export("6M", to: "out")
    try await takeIn(set, custody, custody.officer).expect(0)
    try await expectRewrapped(custody)
  }

  @Test func anOfficerWhoIsNotKnownReplacesNothing() async throws {
    let custody = try await custody()
    let host = custody.host
    try await takeIn(host.export("6M", to: "first"), custody).expect(0)
    let before = try objects(host.far, "packs", "indexes", "manifests")
    try await rewrapAtHome(custody)
    let set = try await host.export("6M", to: "second")
    try await takeIn(set, custody).expect(3, "keeper.unknown-officer", naming: "--officer")
    let after = try objects(host.far, "packs", "indexes", "manifests")
    for (name, bytes) in before {
      let isSame = after[name] == bytes
      #expect(isSame, "\(name)")
    }
    // The newest night, which nobody rewrapped, counts all the same.
    #expect(try host.far.entries().count == 4 && host.far.names("rewraps").isEmpty)
    try await host.farKeeper(["scrub"]).expect(0)
    try await host.verify(of: host.far).expect(0)
    try await takeIn(set, custody, custody.officer).expect(0)
    try await expectRewrapped(custody)
  }

  @Test func whatAStrangerRewrappedIsNotTakenIntoAnEmptyStore() async throws {
    let custody = try await custody()
    let host = custody.host
    try await rewrapAtHome(custody)
    let set = try await host.export("6M", to: "out")
    try await takeIn(set, custody).expect(3, "keeper.unknown-officer")
    #expect(try host.far.entries().isEmpty && host.far.names("rewraps").isEmpty)
    #expect(try Set(host.far.packs()) == Set(host.store.packs()))
    try await takeIn(set, custody, custody.officer).expect(0)
    try await expectRewrapped(custody)
  }

  @Test func volumesThatComeOneByOneReplaceNothingBeforeTheLast() async throws {
    let custody = try await custody(3, noise: 3_000_000)
    let host = custody.host
    try await takeIn(host.export("6M", to: "first"), custody).expect(0)
    try await rewrapAtHome(custody)
    try await host.farKeeper(["have", "--to", host.path("have.json")]).expect(0)
    let volumes = try await host.export(
      "160K", "--parity-volumes", "0", "--since", host.path("have.json"), to: "second")
    let folders = try volumes.folders().reversed()
    #expect(folders.count > 1)
    for folder in folders.dropLast() {
      try await takeIn(Volumes(path: folder), custody, custody.officer)
        .expect(3, "import.rewraps-wait")
      #expect(try host.far.names("rewraps").isEmpty)
      try await host.farKeeper(["scrub"]).expect(0)
    }
    try await takeIn(Volumes(path: folders.last ?? ""), custody).expect(0)
    try await expectRewrapped(custody)
  }

  @Test func aChainThatForkedIsRefused() async throws {
    let custody = try await custody()
    let host = custody.host
    try await takeIn(host.export("6M", to: "first"), custody).expect(0)
    // Each side's officer does it for himself.
    let officers = [host.officers, custody.newcomer]
    let there = host.path("far")
    try await host.rewrap(for: officers, as: host.officers, of: Store(path: there)).expect(0)
    try await host.farKeeper(["scrub"] + custody.officer).expect(0)
    try await rewrapAtHome(custody)
    let before = try contents(of: host.far.path).filter { !$0.key.hasPrefix("keeper") }
    let set = try await host.export("6M", to: "second")
    try await takeIn(set, custody).expect(13, "import.other-history", naming: "rewraps/")
    for (name, bytes) in try contents(of: host.far.path) where !name.hasPrefix("keeper") {
      let isSame = name.hasPrefix(".tmp") || before[name] == bytes
      #expect(isSame, "\(name)")
    }
    try await host.farKeeper(["have", "--to", host.path("have.json")]).expect(0)
    try await host.keeper(
      ["export", "--to", host.path("third"), "--volume-size", "6M"]
        + ["--since", host.path("have.json")]
    ).expect(13, "have.other-history", naming: "rewraps/")
  }

  @Test func whatIsStillAsItWasIsNoDamageAndIsReplacedByTheNextImport() async throws {
    let custody = try await custody()
    let host = custody.host
    try await takeIn(host.export("6M", to: "first"), custody).expect(0)
    let former = try host.far.copy(to: host.path("former"))
    try await rewrapAtHome(custody)
    let set = try await host.export("6M", to: "second")
    try await takeIn(set, custody, custody.officer).expect(0)
    // As an import leaves them that was cut off after the entry came, its own folder lost, too.
    let old = try former.names("packs", ending: ".header").filter {
      try former.data($0) != host.far.data($0)
    }
    for name in old.prefix(2) { try host.far.write(former.data(name), to: name) }
    try await host.farKeeper(["scrub"])
      .expect(3, "keeper.former-objects", naming: "2 objects")
    try await host.farKeeper(["protect"]).expect(3, "keeper.former-objects")
    try await host.verify(of: host.far).expect(0)
    try await host.farKeeper(["have", "--to", host.path("have.json")]).expect(3)
    let rest = try await host.export("6M", "--since", host.path("have.json"), to: "rest")
    let carried = try await host.carried(by: rest).filter { $0.hasPrefix("packs/") }
    #expect(carried == Set(old.prefix(2)))
    try await takeIn(rest, custody).expect(0)
    try host.far.remove("parity")
    try await expectRewrapped(custody)
  }

  @Test func snapshotsThatWereLetGoOfAtHomeStayAsTheyWereElsewhere() async throws {
    let host = try await Deployment()
    let leaver = try Officer("leaver", in: host.folder)
    let newcomer = try Officer("newcomer", in: host.folder)
    let custody = Custody(host: host, leaver: leaver, newcomer: newcomer)
    host.coreOfficers = [host.officers, leaver]
    try host.configure()
    try await host.beSeenByItsKeeper(nights: 4)
    try await takeIn(host.export("6M", host.keeperState, to: "first"), custody).expect(0)
    try await host.rewrap(for: [host.officers, newcomer], as: host.officers).expect(0)
    try host.markWhatMayGo()
    let removal = try await host.retain("--apply", "--json", "--officer", host.officerKey)
      .expect(0)
    let gone = try #require(try removal.events().first { $0.name == "removed" })
      .texts("snapshots")
    let set = try await host.export(
      "6M", host.keeperState + ["--since", host.path("far/keeper/receipt.json")], to: "second")
    let keeper = ["--keeper", host.path("keeper/keeper.pub")]
    try await takeIn(set, custody, custody.officer + keeper).expect(0)
    try await host.farKeeper(["scrub"]).expect(3, "keeper.former-objects")
    try await host.verify(of: host.far).expect(0)
    #expect(!gone.isEmpty)
    for snapshot in try custody.snapshots() {
      // What was let go of is for whom it was before, as far as it needs objects of its own.
      let isGone = gone.contains(snapshot)
      try await restore(snapshot, of: custody, as: newcomer).expect(isGone ? 12 : 0)
      if !isGone { try await restore(snapshot, of: custody, as: leaver).expect(12) }
      try await restore(snapshot, of: custody, as: host.officers).expect(0)
    }
  }

  @Test func aKilledImportEndsWell() async throws {
    var chance = SeededChance(for: "a killed import of what was rewrapped")
    let custody = try await custody(2, noise: 8_000_000)
    let host = custody.host
    try await takeIn(host.export("20M", to: "first"), custody).expect(0)
    let former = try host.far.copy(to: host.path("former"))
    try await rewrapAtHome(custody)
    let receipt = host.path("far/keeper/receipt.json")
    let set = try await host.export("20M", "--since", receipt, to: "second")
    let clock = ContinuousClock()
    let start = clock.now
    try await takeIn(set, custody, custody.officer).expect(0)
    let longest = clock.now - start
    _ = try former.copy(to: host.far.path)
    let hits = try await KilledTransfer(kills: 12).run(&chance, after: longest) { body in
      if (try? host.far.entries().count) == 3 { _ = try former.copy(to: host.far.path) }
      return try await takeIn(set, custody, custody.officer, while: body)
    } then: {
      // A signature without its entry is what a night or an import leaves that was cut off.
      let isBetween =
        try host.far.names("ledger", ending: ".minisig").count
        > host.far.entries().count
      let verified = try await host.verify(of: host.far)
      #expect(verified.status == (isBetween ? 13 : 0), "\(verified)")
    }
    print("a killed import of what was rewrapped: \(hits) kills")
    #expect(hits > 0)
    try await takeIn(set, custody, custody.officer).expect(0)
    try await expectRewrapped(custody)
  }
}
