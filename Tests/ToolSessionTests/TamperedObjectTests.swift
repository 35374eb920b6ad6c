import Foundation
import ProofTools
import Testing

/// What verify and drill say of a store that is not as the host left it.
@Suite(.serialized, .timeLimit(.minutes(20))) struct TamperedObjectTests {
  /// A host after two nights, with something of its own in each.
  static func hostAfterTwoNights() async throws -> Deployment {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    try host.write("written on the second day\n", to: "config/second.yaml")
    try await host.night()
    return host
  }

  /// Expects that verify and drill end alike, and name the thing.
  private func expectBoth(
    _ host: Deployment, _ store: Store, _ status: Int32, naming name: String
  ) async throws {
    try await host.verify(of: store).expect(status, naming: name)
    try await host.drill(of: store).expect(status, naming: name)
  }

  @Test func oneFlippedByteIsFoundInEveryKindOfObject() async throws {
    let host = try await Self.hostAfterTwoNights()
    try await host.verify().expect(0)
    try await host.drill().expect(0)
    let kinds = [
      try host.store.packs(), try host.store.names("packs", ending: ".header"),
      try host.store.names("indexes"), try host.store.latest("manifests"),
    ]
    for names in kinds {
      let name = try #require(names.first)
      let store = try host.store.copy(to: host.path("copy"))
      try store.flipAByte(of: name)
      try await expectBoth(host, store, 4, naming: name)
    }
  }

  @Test func everySingleObjectIsLookedAt() async throws {
    let host = try await Self.hostAfterTwoNights()
    for name in try host.store.addedByLedger().sorted() {
      let store = try host.store.copy(to: host.path("copy"))
      try store.flipAByte(of: name)
      let outcome = try await host.verify(of: store)
      outcome.expect(4, "verify.mismatch", naming: name)
    }
  }

  @Test func aFlippedByteIsFoundWithoutTheIdentityThatOpensIt() async throws {
    let host = try await Self.hostAfterTwoNights()
    let store = try host.store.copy(to: host.path("copy"))
    let name = try #require(try store.latest("manifests").first { $0.contains(".core.") })
    try store.flipAByte(of: name)
    try await host.restore(["verify", "--identity", host.bridgeTeam.identity], from: store)
      .expect(4, naming: name)
  }

  @Test(arguments: ["", ".header"]) func aRemovedPackIsNamed(suffix: String) async throws {
    let host = try await Self.hostAfterTwoNights()
    for pack in try host.store.packs() {
      let store = try host.store.copy(to: host.path("copy"))
      try store.remove(pack + suffix)
      try await expectBoth(host, store, 4, naming: pack + suffix)
    }
  }

  @Test func aCutAndALengthenedPackAreNamed() async throws {
    let host = try await Self.hostAfterTwoNights()
    let pack = try #require(try host.store.packs().first)
    let bytes = try host.store.data(pack)
    for changed in [bytes.dropLast(), bytes + [0], Data()] {
      let store = try host.store.copy(to: host.path("copy"))
      try store.write(Data(changed), to: pack)
      try await expectBoth(host, store, 4, naming: pack)
    }
  }

  @Test func aManifestForgedByWhoeverHasOnlyTheRecipientsIsRefused() async throws {
    let host = try await Self.hostAfterTwoNights()
    let store = try host.store.copy(to: host.path("copy"))
    let name = try #require(try store.latest("manifests").first { $0.contains(".core.") })
    // The forger has learnt what a manifest looks like, and changes one fact.
    let age = try host.program("age")
    let plain = try await age.run(["-d", "-i", host.officers.identity, "\(store.path)/\(name)"])
    let forged = plain.output.replacing(host.path("config"), with: host.path("canfig"))
    #expect(forged != plain.output)
    let sealed = try await age.run(
      ["-r", host.officers.recipient, "-o", "\(store.path)/\(name)"], input: forged)
    #expect(sealed.status == 0, "\(sealed)")
    let opened = try await age.run(["-d", "-i", host.officers.identity, "\(store.path)/\(name)"])
    #expect(opened.output == forged, "age says nothing about who wrote it")
    try await expectBoth(host, store, 4, naming: name)
    try await host.restore(
      [
        "run", "--identity", host.officers.identity, "--source", "synapse-config", "--target",
        host.path("forged"),
      ], from: store
    ).expect(4, naming: name)
    #expect(!FileManager.default.fileExists(atPath: host.path("forged")))
  }

  @Test func aNightOnADamagedStoreDoesNotHideTheDamage() async throws {
    let host = try await Self.hostAfterTwoNights()
    let pack = try #require(try host.store.packs().first)
    try host.store.flipAByte(of: pack)
    try host.write("third day\n", to: "config/third.yaml")
    _ = try await host.backup("run")
    try await host.verify().expect(4, naming: pack)
  }

  @Test func aStoreOfAnotherVersionOrWithoutItsFirstObjectIsRefused() async throws {
    let host = try await Self.hostAfterTwoNights()
    let store = try host.store.copy(to: host.path("copy"))
    try store.write(
      Data(#"{"format":2,"store":"00112233445566778899aabbccddeeff"}"#.utf8), to: "coffer.json")
    try await host.verify(of: store).expect(1, "store.version", naming: "version 2")
    try store.write(Data("{}".utf8), to: "coffer.json")
    try await host.verify(of: store).expect(4, "store.damaged", naming: "coffer.json")
    try store.write(
      Data(#"{"format":1,"store":"00112233445566778899aabbccddeeff"}"#.utf8), to: "coffer.json")
    try await host.verify(of: store).expect(13, "ledger.broken", naming: "another store")
    try store.remove("coffer.json")
    try await host.verify(of: store).expect(10, "store.missing", naming: store.path)
  }
}
