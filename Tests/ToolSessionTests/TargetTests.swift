import Foundation
import ProofTools
import Testing

/// Restores that are refused, and what stands there stays as it is.
@Suite(.serialized, .timeLimit(.minutes(20))) struct TargetTests {
  private func hostAfterANight() async throws -> Deployment {
    let host = try await Deployment(withDatabase: true)
    try await host.initialise()
    try await host.night()
    return host
  }

  @Test func aFolderThatIsNotEmptyIsNotTouched() async throws {
    let host = try await hostAfterANight()
    try host.write("mine\n", to: "taken/file")
    try host.write("mine\n", to: "taken.db")
    for (source, target) in [("synapse-config", "taken"), ("bridge-db", "taken.db")] {
      try await host.restore(
        ["run", "--source", source, "--target", host.path(target)] + host.allIdentities,
        from: host.store
      ).expect(14, "restore.target-not-empty", naming: host.path(target))
    }
    #expect(try contents(of: host.path("taken")) == ["file": Data("mine\n".utf8)])
    #expect(try host.folder.readText("taken.db") == "mine\n")
  }

  @Test func aDatabaseThatIsNotEmptyIsNotTouched() async throws {
    let host = try await hostAfterANight()
    let taken = try await SharedServer.database(
      "CREATE TABLE mine (a int); INSERT INTO mine VALUES (1)")
    try await host.restore(
      "run", "--identity", host.officers.identity, "--source", "synapse-db", "--target", taken
    ).expect(14, "restore.target-not-empty", naming: "public.mine")
    #expect(try SharedServer.value("SELECT count(*) FROM mine", in: taken) == "1")
    #expect(
      try SharedServer.value(
        "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", in: taken) == "1")
  }

  @Test func oneTakenTargetStopsTheWholeHost() async throws {
    let host = try await hostAfterANight()
    let taken = try await SharedServer.database("CREATE TABLE mine (a int)")
    let map = """
      bridge-config: {path: \(host.path("new/bridge"))}
      synapse-config: {path: \(host.path("new/config"))}
      synapse-db: {conninfo: "\(taken)"}

      """
    try host.folder.write(map, to: "map")
    for flags in [[], ["--dry-run"]] {
      try await host.restore(
        ["host", "--map", host.path("map")] + host.allIdentities + flags, from: host.store
      ).expect(14, "restore.target-not-empty", naming: "public.mine")
      #expect(!FileManager.default.fileExists(atPath: host.path("new")))
    }
  }

  @Test func aDatabaseToCreateThatIsThereIsRefused() async throws {
    let host = try await hostAfterANight()
    let there = try await SharedServer.database()
    try host.folder.write("synapse-db: {conninfo: \"\(there)\", create: true}\n", to: "map")
    try await host.restore(
      "host", "--map", host.path("map"), "--identity", host.officers.identity
    ).expect(14, "restore.target-exists", naming: "session_")
  }

  @Test func noIdentityThatFitsIsSaid() async throws {
    let host = try await hostAfterANight()
    let stranger = try Officer("stranger", in: host.folder)
    let flags = ["--identity", stranger.identity]
    for verb in [["verify"], ["files"], ["drill", "--scratch", host.path("")]] {
      try await host.restore(verb + flags, from: host.store)
        .expect(12, "identity.none-fits", naming: "core", "bridge")
    }
    try await host.restore(
      ["run", "--source", "synapse-config", "--target", host.path("new")] + flags, from: host.store
    ).expect(12)
    #expect(!FileManager.default.fileExists(atPath: host.path("new")))
    // The other compartment's identity does not open this source, and nothing of it appears.
    try await host.restore(
      "run", "--identity", host.bridgeTeam.identity, "--source", "synapse-config", "--target",
      host.path("new")
    ).expect(12, "source.sealed", naming: "synapse-config", "core")
    #expect(!FileManager.default.fileExists(atPath: host.path("new")))
  }

  @Test func aSealedCompartmentIsListedAndTheOtherChecked() async throws {
    let host = try await hostAfterANight()
    let flags = ["--identity", host.bridgeTeam.identity]
    let verified = try await host.restore(["verify", "--json"] + flags, from: host.store).expect(0)
    let event = try #require(try verified.events().last)
    #expect(event.texts("sealed") == ["core"])
    #expect(event.texts("sources").sorted() == ["bridge-config", "bridge-db"])
    #expect(verified.errors.contains("compartment 'core' is sealed"))
    let drill = try await host.restore(
      ["drill", "--json", "--scratch", host.path("")] + flags, from: host.store
    ).expect(0)
    #expect(try drill.events().last?.texts("sealed") == ["core"])
    #expect(drill.errors.contains("core"))
  }

  @Test func anIdentityFileThatIsNoneIsWrongUsage() async throws {
    let host = try await hostAfterANight()
    for path in [host.configuration, host.path("nowhere")] {
      try await host.restore("verify", "--identity", path).expect(2)
    }
  }

  @Test func aMissingStoreIsSaid() async throws {
    let host = try await hostAfterANight()
    let nowhere = Store(path: host.path("nowhere"))
    for verb in [["verify"] + host.allIdentities, ["snapshots"], ["files"] + host.allIdentities] {
      try await host.restore(verb, from: nowhere).expect(10, "store.missing", naming: nowhere.path)
    }
    try host.remove("store")
    try await host.backup("run").expect(10, "store.missing", naming: host.store.path)
    try await host.backup("status").expect(10, "store.missing")
    #expect(!FileManager.default.fileExists(atPath: host.store.path))
  }

  @Test func aStoreWithoutASnapshotSaysSo() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.verify().expect(5, "snapshot.none", naming: host.store.path)
    try await host.drill().expect(5, "snapshot.none")
    try await host.restore("snapshots").expect(5, "snapshot.none")
  }

  @Test func anUnknownSnapshotOrSourceIsSaid() async throws {
    let host = try await hostAfterANight()
    try await host.verify("--snapshot", "2001").expect(2, "snapshot.unknown", naming: "2001")
    try await host.restore(
      ["run", "--source", "nothing", "--target", host.path("new")] + host.allIdentities,
      from: host.store
    ).expect(2, naming: "nothing")
  }

  @Test func aDaemonCanEnterTheFoldersAboveATarget() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    let sources = [("bridge-config", "new/above/bridge"), ("bridge-db", "other/above/bridge.db")]
    for (source, target) in sources {
      try await host.restore(
        "run", "--source", source, "--target", host.path(target), "--identity",
        host.bridgeTeam.identity
      ).expect(0)
    }
    for folder in ["new", "new/above", "other", "other/above"] {
      let attributes = try FileManager.default.attributesOfItem(atPath: host.path(folder))
      #expect(attributes[.posixPermissions] as? Int == 0o755, "\(folder)")
    }
  }

  @Test(.enabled(if: geteuid() == 0, "needs root, to give it up"))
  func aFileThatItsOwnerMayNotReadIsRestoredWithoutPrivilegesAndCompared() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.program("chmod").run(["0", host.path("bridge/config.yaml")]).expect(0)
    try await host.night()
    try FileManager.default.copyItem(
      atPath: BuiltTools.restore, toPath: host.path("coffer-restore"))
    try await host.program("chown").run(["-R", "nobody", host.path("")]).expect(0)
    let setpriv = try host.program("setpriv")
    let target = host.path("new")
    try await setpriv.run([
      "--reuid=nobody", "--regid=nogroup", "--clear-groups", host.path("coffer-restore"), "run",
      "--store", host.store.path, "--trust", host.path("keys/host.pub"), "--identity",
      host.bridgeTeam.identity, "--source", "bridge-config", "--target", target,
    ]).expect(0, naming: "files are as they were saved")
    let attributes = try FileManager.default.attributesOfItem(atPath: "\(target)/config.yaml")
    #expect(attributes[.posixPermissions] as? Int == 0)
  }
}
