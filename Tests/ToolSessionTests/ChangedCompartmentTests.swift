import Foundation
import ProofTools
import Testing

/// Compartments whose recipients, key or sources change between two nights.
@Suite(.serialized, .timeLimit(.minutes(20))) struct ChangedCompartmentTests {
  private static let notice = "recipients of 'core' changed: all of it is stored again for them"

  /// A host with something in `core` that would be missed if it were not stored again.
  private func host() async throws -> Deployment {
    let host = try await Deployment()
    var chance = SeededChance(for: "a changed compartment")
    try await host.writeNoise(300_000, to: "config/large", &chance)
    try await host.initialise()
    return host
  }

  private func seal(_ host: Deployment, for officers: [Officer]) throws {
    host.coreOfficers = officers
    try host.configure()
  }

  /// A drill of what one officer alone opens.
  private func drill(_ host: Deployment, as officer: Officer) async throws -> Program.Outcome {
    try await host.restore(
      "drill", "--scratch", host.path(""), "--identity", officer.identity)
  }

  @Test(arguments: [false, true])
  func newRecipientsOpenAllOfTheNewSnapshot(oldOnesStay: Bool) async throws {
    let host = try await host()
    let newcomer = try Officer("newcomer", in: host.folder)
    try await host.night()
    try seal(host, for: (oldOnesStay ? [host.officers] : []) + [newcomer])
    let night = try await host.night()
    #expect(night.output.contains(Self.notice), "\(night)")
    #expect(!night.output.contains("'bridge'"), "\(night)")
    #expect(try night.stored() > 300_000, "\(night)")
    try await drill(host, as: newcomer).expect(0)
    try await drill(host, as: host.officers).expect(oldOnesStay ? 0 : 12)
    // That was all: the next night builds upon this one.
    let next = try await host.night()
    #expect(try next.stored() == 0, "\(next)")
    try await drill(host, as: newcomer).expect(0)
    try await host.verify("--identity", newcomer.identity).expect(0)
  }

  @Test func aRecipientThatWasRemovedOpensNothingNew() async throws {
    let host = try await host()
    let leaver = try Officer("leaver", in: host.folder)
    try seal(host, for: [host.officers, leaver])
    try await host.night()
    try await drill(host, as: leaver).expect(0)
    try seal(host, for: [host.officers])
    #expect(try await host.night().output.contains(Self.notice))
    try await drill(host, as: host.officers).expect(0)
    try await drill(host, as: leaver).expect(12, "identity.none-fits")
    let added = try host.store.added(by: #require(try host.store.entries().last))
    #expect(added.contains { $0.hasPrefix("indexes/") && $0.contains(".core.") })
    let age = try host.program("age")
    for name in added where !name.hasPrefix("packs/") || name.hasSuffix(".header") {
      // A header opens or not before anything of the payload is looked at.
      let path = "\(host.store.path)/\(name)"
      let outcome = try await age.run(["-d", "-i", leaver.identity, "-o", "/dev/null", path])
      #expect(outcome.errors.contains("no identity matched any of the recipients"), "\(outcome)")
    }
  }

  @Test func theSameRecipientsInAnotherOrderChangeNothing() async throws {
    let host = try await host()
    let other = try Officer("other", in: host.folder)
    try seal(host, for: [host.officers, other])
    try await host.night()
    try seal(host, for: [other, host.officers])
    let night = try await host.night()
    #expect(try night.stored() == 0, "\(night)")
    #expect(!night.output.contains("stored again"), "\(night)")
  }

  @Test func aLostCatalogStillKnowsForWhomThePacksWereSealed() async throws {
    let host = try await host()
    let newcomer = try Officer("newcomer", in: host.folder)
    try await host.night()
    try host.remove("state")
    try await host.initialise()
    let same = try await host.night()
    #expect(try same.stored() == 0, "\(same)")
    #expect(!same.output.contains("stored again"), "\(same)")
    try host.remove("state")
    try seal(host, for: [newcomer])
    try await host.initialise()
    let night = try await host.night()
    #expect(night.output.contains(Self.notice), "\(night)")
    try await drill(host, as: newcomer).expect(0)
  }

  @Test func aSourceThatMovesToAnotherCompartmentIsStoredThere() async throws {
    let host = try await host()
    try await host.night()
    let lines = try host.folder.readText("coffer.yaml").split(separator: "\n")
    let moved = try #require(lines.first { $0.contains("synapse-config:") })
    let place = try #require(lines.firstIndex { $0.contains("bridge-db:") })
    var rest = lines.filter { $0 != moved }
    rest.insert(moved, at: place)
    try host.folder.write(rest.joined(separator: "\n") + "\n", to: "coffer.yaml")
    let night = try await host.night()
    #expect(try night.stored() > 300_000, "\(night)")
    try await host.verify().expect(0, naming: "4 sources of")
    try await host.drill().expect(0)
    try await host.restore(
      "run", "--source", "synapse-config", "--target", host.path("restored"), "--identity",
      host.bridgeTeam.identity
    ).expect(0)
    #expect(try host.folder.readText("restored/signing.key") == SynapseLike.signingKey)
    #expect(try await host.night().stored() == 0)
  }

  @Test func aCompartmentThatIsRenamedWithItsKeyTakesNoPackAlong() async throws {
    let host = try await host()
    try await host.night()
    let yaml = try host.folder.readText("coffer.yaml")
    try host.folder.write(yaml.replacing("  core:\n", with: "  main:\n"), to: "coffer.yaml")
    try FileManager.default.moveItem(
      atPath: host.path("keys/host.compartments/core.key"),
      toPath: host.path("keys/host.compartments/main.key"))
    try await host.night()
    try await host.verify().expect(0, naming: "4 sources of")
    try await host.drill().expect(0)
  }

  @Test func aKeyThatWasLostAndMadeAnewIsSaidAndEverythingIsStoredUnderIt() async throws {
    let host = try await host()
    let first = try await host.backup("init").expect(0)
    #expect(!first.errors.contains("lost"), "\(first)")
    try await host.night()
    try host.remove("keys/host.compartments/core.key")
    try await host.backup("run").expect(2, "keys.missing", naming: "'core'", "from a copy")
    let made = try await host.backup("init").expect(0, naming: "compartment 'core' had a key")
    #expect(!made.errors.contains("'bridge'"), "\(made)")
    let night = try await host.night()
    #expect(night.output.contains("'core' has another chunk-id key: all of it is stored again"))
    try await host.verify().expect(0, naming: "4 sources of")
    try await host.drill().expect(0)
    let next = try await host.night()
    #expect(try next.stored() == 0, "\(next)")
  }

  @Test func aNightThatLacksASourceAfterALostCatalogDropsNothingOfIt() async throws {
    for fails in [false, true] {
      let host = try await host()
      try await host.night()
      try host.remove("state")
      try await host.initialise()
      if fails {
        try FileManager.default.moveItem(atPath: host.path("config"), toPath: host.path("away"))
        try await host.backup("run").expect(3, naming: "synapse-config")
        try FileManager.default.moveItem(atPath: host.path("away"), toPath: host.path("config"))
      } else {
        try await host.backup("run", "--only", "bridge-config").expect(0)
      }
      let night = try await host.night()
      #expect(try night.stored() < 20_000, "\(night)")
      try await host.drill().expect(0)
    }
  }
}
