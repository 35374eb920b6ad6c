import Foundation
import ProofTools
import Testing

@Suite(.serialized, .timeLimit(.minutes(20))) struct NightTests {
  @Test func initMakesWhatIsMissingAndKeepsWhatIsThere() async throws {
    let host = try await Deployment()
    try await host.backup("init").expect(0, naming: "keys/host.pub", "core.key", "bridge.key")
    let keys = try contents(of: host.path("keys"))
    let format = try host.store.data("coffer.json")
    let again = try await host.backup("init", "--json").expect(0)
    #expect(try again.events().first?.texts("made") == [])
    #expect(try contents(of: host.path("keys")) == keys)
    #expect(try host.store.data("coffer.json") == format)
  }

  @Test func aKeyThatOthersMayUseIsWarnedOf() async throws {
    let host = try await Deployment()
    try await host.initialise()
    let silent = try await host.backup("run").expect(0)
    #expect(!silent.errors.contains("warning"), "\(silent)")
    for (key, mode) in [("keys/host.key", 0o644), ("keys/host.compartments/core.key", 0o640)] {
      try FileManager.default.setAttributes(
        [.posixPermissions: mode], ofItemAtPath: host.path(key))
      for verb in [["run"], ["run", "--dry-run"], ["check-config"]] {
        let outcome = try await Program(path: BuiltTools.backup).run(
          verb + ["--config", host.configuration])
        outcome.expect(0)
        let mode = String(mode, radix: 8)
        #expect(outcome.errors.contains("\(host.path(key)) has mode \(mode)"), "\(outcome)")
      }
    }
  }

  @Test func aSecondNightWithoutChangesStoresNextToNothing() async throws {
    let host = try await Deployment(withDatabase: true)
    var chance = SeededChance(for: "a second night")
    try await host.writeNoise(3_000_000, to: "config/large", &chance)
    try await host.initialise()
    let first = try await host.night()
    #expect(try first.stored() > 3_000_000)
    let second = try await host.night()
    // A dump begins with the time it was made.
    #expect(try second.stored() < 20_000, "\(second)")
    let sources = try second.events().filter { $0.name == "source" }
    #expect(sources.count == 5)
    #expect(
      sources.filter { $0["source"] != "synapse-db" }.allSatisfy {
        $0.number("storedBytes") == 0
      })
    // The manifests, and the dump's first chunk with its index, unless both were made in one second.
    let added = try host.store.entries().map { try host.store.added(by: $0) }
    #expect(added[1].filter { $0.hasPrefix("packs/") && !$0.hasSuffix(".header") }.count <= 1)
    #expect(added[1].filter { $0.hasPrefix("manifests/") }.count == 2)
    #expect(
      Set(added.joined())
        == Set(
          try host.store.objects().keys.filter {
            !$0.hasPrefix("ledger/") && $0 != "coffer.json"
          }))
  }

  @Test func whatWasSavedIsListedVerifiedRestoredAndDrilled() async throws {
    let host = try await Deployment(withDatabase: true)
    try await host.initialise()
    try await host.night()
    try await host.restore("snapshots").expect(0, naming: "5 sources", "ledger head 1 ")
    try await host.restore(["files"] + host.allIdentities, from: host.store)
      .expect(0, naming: "synapse-db  postgresql/synapse", "bridge-db  sqlite")
    try await host.restore(
      "files", "--identity", host.officers.identity, "--source", "synapse-media"
    )
    .expect(0, naming: SynapseLike.media.keys.sorted()[0])
    try await host.verify().expect(0, naming: "5 sources of")

    let target = host.path("one-file")
    try await host.restore(
      "run", "--identity", host.bridgeTeam.identity, "--source", "bridge-config", "--target", target
    ).expect(0)
    #expect(try host.folder.readText("one-file/config.yaml") == "permissions: {}\n")

    let map = try await host.map(into: "new-host")
    try await host.restore(
      ["host", "--map", map, "--dry-run"] + host.allIdentities, from: host.store
    )
    .expect(0, naming: "plan    ")
    #expect(!FileManager.default.fileExists(atPath: host.path("new-host")))
    try await host.restore(["host", "--map", map] + host.allIdentities, from: host.store)
      .expect(0, naming: "Start Synapse")
    #expect(try host.folder.readText("new-host/config/signing.key") == SynapseLike.signingKey)
    try await host.verify("--map", map).expect(0)

    let drill = try await host.drill("--json").expect(0)
    #expect(try drill.events().last?.texts("sealed") == [])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: host.path("")).allSatisfy {
        !$0.hasPrefix("coffer-drill")
      })
  }

  @Test func onlyTheNamedSourceIsSaved() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    try host.write("log: elsewhere\n", to: "config/conf.d/log.yaml")
    let night = try await host.backup("run", "--only", "synapse-config", "--json").expect(0)
    #expect(try night.values(of: "source") == ["synapse-config"])
    // The others are still to be had, from the night before.
    try await host.restore(
      "run", "--identity", host.bridgeTeam.identity, "--source", "bridge-db", "--target",
      host.path("restored.db")
    ).expect(0)
    try await host.backup("run", "--only", "synapse-confg").expect(
      2, "source.unknown", naming: "synapse-confg", "synapse-config")
  }

  @Test func anIdentityMayComeFromStandardInput() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    let identity = try host.folder.readText("officers.identity")
    try await host.restore("verify", "--identity", "-", input: identity)
      .expect(0, naming: "2 sources of", "compartment 'bridge' is sealed")
    let line = try #require(identity.split(separator: "\n").last)
    #expect(
      try contents(of: host.path("store")).values.allSatisfy {
        $0.firstRange(of: Data(line.utf8)) == nil
      })
  }

  @Test func aLostStateFolderIsMadeAnewFromTheStoreWithoutAnyOfficersKey() async throws {
    let host = try await Deployment(withDatabase: true)
    var chance = SeededChance(for: "a lost state folder")
    try await host.writeNoise(3_000_000, to: "media/local_content/Ff/Ff/fresh", &chance)
    try await host.initialise()
    try await host.night()
    try host.remove("state")
    try FileManager.default.moveItem(
      atPath: host.officers.identity, toPath: host.path("officers.elsewhere"))
    try await host.backup("run").expect(2, "state.missing", naming: "coffer-backup init")
    try await host.initialise()
    let night = try await host.night()
    #expect(try night.stored() < 20_000, "\(night)")
    try FileManager.default.moveItem(
      atPath: host.path("officers.elsewhere"), toPath: host.officers.identity)
    try await host.verify().expect(0)
  }

  @Test(arguments: [true, false])
  func aLostStateFolderAndADamagedIndexDoNotStopTheNight(isRemoved: Bool) async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    let index = try #require(try host.store.names("indexes").first)
    if isRemoved { try host.store.remove(index) } else { try host.store.flipAByte(of: index) }
    try host.remove("state")
    try await host.initialise()
    try await host.backup("run").expect(0, naming: index, "stored again")
    // The damage is still to be seen, and the new snapshot needs nothing of it.
    try await host.verify().expect(4, naming: index)
    let newest = try #require(
      try await host.restore("snapshots", "--json").values(of: "snapshot").last)
    try await host.verify("--snapshot", newest).expect(0)
    try await host.drill().expect(0)
  }

  @Test(arguments: ["", "cut short"])
  func anIndexThatTheStoreLostIsMissedByTheNextNightAndWhatItListsIsStoredAgain(
    left: String
  ) async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    let index = try #require(try host.store.names("indexes").first)
    try host.store.remove(index)
    if !left.isEmpty { try host.store.write(Data(left.utf8), to: index) }
    let night = try await host.backup("run").expect(0, naming: "\(index) is lost or cut short")
    #expect(night.errors.split(separator: "\n").count { $0.contains("lost") } == 1, "\(night)")
    let newest = try #require(
      try await host.restore("snapshots", "--json").values(of: "snapshot").last)
    try await host.verify("--snapshot", newest).expect(0)
    try await host.drill().expect(0)
    let next = try await host.night()
    let stored = try next.stored()
    #expect(!next.errors.contains("lost") && stored < 20_000, "\(next)")
  }

  @Test func metricsThatCannotBeWrittenDoNotSpoilTheNight() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try host.folder.write("a file where a folder should be\n", to: "metrics")
    try await host.backup("run").expect(
      3, "metrics.unwritable", naming: "ledger head 1 ", host.path("metrics/coffer.prom"))
    try await host.verify().expect(0)
    let metrics = host.path("metrics/drill.prom")
    try await host.drill("--metrics", metrics).expect(3, "metrics.unwritable", naming: metrics)
  }

  @Test func aHostKeyThatIsNoneIsNamed() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try host.write("no key\n", to: "keys/host.key")
    for verb in ["init", "run", "status"] {
      try await host.backup(verb).expect(2, "keys.damaged", naming: host.path("keys/host.key"))
    }
    try host.remove("keys/host.key")
    try await host.backup("run").expect(2, "secret.unreadable", naming: host.path("keys/host.key"))
  }

  @Test func aCompartmentAddedLaterSaysThatInitMakesItsKey() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    let yaml = try host.folder.readText("coffer.yaml")
    let added = """
        late:
          recipients: bridge-team
          sources:
            late-files: {kind: files, path: \(host.path("bridge"))}

      """
    try host.folder.write(yaml + added, to: "coffer.yaml")
    try await host.backup("run").expect(
      2, "keys.missing", naming: "compartment 'late'", "coffer-backup init")
    try await host.initialise()
    try await host.night()
    try await host.verify().expect(0, naming: "5 sources of")
  }
}

extension Program.Outcome {
  /// How many bytes the store grew by in a night that spoke JSON.
  func stored() throws -> Int {
    try events().filter { $0.name == "source" }.compactMap { $0.number("storedBytes") }.reduce(0, +)
  }
}

extension Deployment {
  /// Writes a map that sends every source into a new folder, and the database into a new one.
  func map(into name: String) async throws -> String {
    var lines = [
      "synapse-config: {path: \(path(name))/config}", "synapse-media: {path: \(path(name))/media}",
      "bridge-config: {path: \(path(name))/bridge}", "bridge-db: {path: \(path(name))/bridge.db}",
    ]
    if database != nil {
      restoredDatabase = try await SharedServer.freshConninfo()
      lines.append("synapse-db: {conninfo: \"\(restoredDatabase)\", create: true}")
    }
    return try folder.write(lines.joined(separator: "\n") + "\n", to: "\(name).map")
  }
}
