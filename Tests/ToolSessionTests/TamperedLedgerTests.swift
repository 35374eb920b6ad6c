import Foundation
import ProofTools
import Testing

/// What everybody says of a ledger that is not as the host wrote it.
@Suite(.serialized, .timeLimit(.minutes(20))) struct TamperedLedgerTests {
  /// A host after three nights.
  private func hostAfterThreeNights() async throws -> Deployment {
    let host = try await TamperedObjectTests.hostAfterTwoNights()
    try host.write("written on the third day\n", to: "bridge/third.yaml")
    try await host.night()
    return host
  }

  /// Expects that verify, drill, snapshots and status all refuse the store.
  private func expectRefusal(
    _ host: Deployment, _ store: Store, _ code: String, naming name: String
  ) async throws {
    try await host.verify(of: store).expect(13, code, naming: name)
    try await host.drill(of: store).expect(13, code, naming: name)
    try await host.restore(["snapshots"], from: store).expect(13, code, naming: name)
  }

  @Test(arguments: [0, 1, 2]) func aRemovedEntryIsMissed(place: Int) async throws {
    let host = try await hostAfterThreeNights()
    let store = try host.store.copy(to: host.path("copy"))
    let entry = try store.entries()[place]
    try store.remove(entry)
    try await expectRefusal(host, store, "ledger.missing-entry", naming: entry)
    // The host itself will not go on from there, either.
    try host.store.remove(entry)
    try await host.backup("run").expect(13, naming: "ledger")
    try await host.backup("status").expect(13, naming: "ledger")
  }

  @Test func anAlteredEntryIsNamed() async throws {
    let host = try await hostAfterThreeNights()
    for entry in try host.store.entries() {
      let store = try host.store.copy(to: host.path("copy"))
      let text = String(decoding: try store.data(entry), as: UTF8.self)
      try store.write(Data(text.replacing("\"saved\"", with: "\"failed\"").utf8), to: entry)
      try await expectRefusal(host, store, "ledger.bad-signature", naming: entry)
    }
  }

  @Test func anAlteredSignatureOrTrustedCommentIsNamed() async throws {
    let host = try await hostAfterThreeNights()
    let entry = try host.store.entries()[1]
    let signature = entry.replacing(".json", with: ".minisig")
    let lines = String(decoding: try host.store.data(signature), as: UTF8.self)
      .split(separator: "\n").map(String.init)
    for line in 1...3 {
      var changed = lines
      let middle = changed[line].index(changed[line].startIndex, offsetBy: 40)
      let other = changed[line][middle] == "A" ? "B" : "A"
      changed[line].replaceSubrange(middle...middle, with: other)
      let store = try host.store.copy(to: host.path("copy"))
      try store.write(Data((changed.joined(separator: "\n") + "\n").utf8), to: signature)
      try await host.verify(of: store).expect(13, naming: entry)
    }
  }

  @Test func aRemovedSignatureIsMissed() async throws {
    let host = try await hostAfterThreeNights()
    for entry in try host.store.entries() {
      let store = try host.store.copy(to: host.path("copy"))
      try store.remove(entry.replacing(".json", with: ".minisig"))
      try await expectRefusal(host, store, "ledger.unsigned", naming: entry)
    }
  }

  @Test(.enabled(if: StockTool.isInstalled("minisign"), "minisign is not installed"))
  func anEntrySignedAgainByAnotherKeyIsRefused() async throws {
    let host = try await hostAfterThreeNights()
    let minisign = try host.program("minisign")
    let (pub, key) = (host.path("mallory.pub"), host.path("mallory.key"))
    let made = try await minisign.run(["-GW", "-p", pub, "-s", key])
    #expect(made.status == 0, "\(made)")
    let store = try host.store.copy(to: host.path("copy"))
    let entry = try store.entries()[2]
    let text = String(decoding: try store.data(entry), as: UTF8.self)
    try store.write(Data(text.replacing("synapse-config", with: "synapse-canfig").utf8), to: entry)
    let path = "\(store.path)/\(entry)"
    let signed = try await minisign.run([
      "-SHm", path, "-s", key, "-x", path.replacing(".json", with: ".minisig"),
    ])
    #expect(signed.status == 0, "\(signed)")
    try await expectRefusal(host, store, "ledger.other-key", naming: entry)
  }

  @Test func anEntryInAnotherEntrysPlaceIsRefused() async throws {
    let host = try await hostAfterThreeNights()
    let store = try host.store.copy(to: host.path("copy"))
    let entries = try store.entries()
    for suffix in [".json", ".minisig"] {
      let names = entries.map { $0.replacing(".json", with: suffix) }
      try store.write(try store.data(names[0]), to: names[2])
    }
    try await expectRefusal(host, store, "ledger.broken", naming: entries[2])
  }

  @Test func aStoreRolledBackToYesterdayIsNoticed() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    let yesterday = try host.store.copy(to: host.path("yesterday"))
    try host.write("today\n", to: "config/today.yaml")
    let head = try #require(try await host.night().values(of: "head").last)
    try await host.verify("--expect-head", head).expect(0)
    try await host.verify("--state", host.path("state")).expect(0)

    _ = try yesterday.copy(to: host.store.path)
    let code = "ledger.rolled-back"
    try await host.backup("run").expect(13, code, naming: head, "state folder")
    try await host.backup("status").expect(13, code, naming: head)
    try await host.verify("--expect-head", head).expect(13, code, naming: head)
    try await host.verify("--state", host.path("state")).expect(13, code, naming: head)
    try await host.drill("--expect-head", head).expect(13, code, naming: head)
    // Nobody else can know; the store is sound in itself.
    try await host.verify().expect(0, naming: "ledger head 1 ")
  }

  @Test func aLedgerEmptiedOfEverythingIsNoticedByTheHost() async throws {
    let host = try await hostAfterThreeNights()
    for name in try host.store.names("ledger") { try host.store.remove(name) }
    try await host.backup("run").expect(13, "ledger.rolled-back")
    try await host.backup("status").expect(13, "ledger.rolled-back")
    try host.store.remove("ledger")
    try await host.backup("run").expect(13, "ledger.rolled-back")
  }

  @Test func aLedgerThatIsGoneAltogetherIsMissedByEverybody() async throws {
    let host = try await hostAfterThreeNights()
    let store = try host.store.copy(to: host.path("copy"))
    try store.remove("ledger")
    try await expectRefusal(host, store, "ledger.missing-entry", naming: "manifests/")
    // Packs alone are what a first night leaves that was cut off.
    try store.remove("manifests")
    try await host.verify(of: store).expect(5, "snapshot.none")
  }

  @Test func anotherHostsKeyIsNotTrusted() async throws {
    let host = try await TamperedObjectTests.hostAfterTwoNights()
    let other = try await Deployment()
    try await other.initialise()
    let trust = ["--trust", other.path("keys/host.pub")]
    for verb in [["verify"], ["drill", "--scratch", host.path("")]] {
      try await host.restore(verb + host.allIdentities + trust, from: host.store)
        .expect(13, "ledger.unknown-host", naming: "--trust")
    }
    try await host.restore(["snapshots"] + trust, from: host.store)
      .expect(13, "ledger.unknown-host")
    // A key that is none at all is a matter of usage.
    try await host.restore(
      ["snapshots", "--trust", host.configuration], from: host.store
    ).expect(2, "trust.unreadable", naming: host.configuration)
  }

  @Test func aHeadThatIsNoneIsWrongUsage() async throws {
    let host = try await TamperedObjectTests.hostAfterTwoNights()
    try await host.verify("--expect-head", "12ab").expect(2, "usage", naming: "64 hexadecimal")
  }
}
