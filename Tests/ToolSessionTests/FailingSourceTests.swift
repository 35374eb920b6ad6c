import Foundation
import ProofTools
import Synchronization
import Testing

/// Sources that cannot be read, or not quietly: the others are saved, and the failure is named.
@Suite(.serialized, .timeLimit(.minutes(20))) struct FailingSourceTests {
  /// Expects a night that saved everything but one source, and a store that verifies.
  private func expectPartlySaved(
    _ host: Deployment, without source: String, _ code: String, naming name: String
  ) async throws {
    let night = try await host.backup("run", "--json").expect(3, code, naming: source, name)
    let result = try #require(try night.events().last)
    #expect(result["result"] == "partly")
    #expect(try night.values(of: "source").count == 4, "\(night)")
    try await host.verify().expect(0, naming: "4 sources of")
    try await host.restore("snapshots").expect(0, naming: "\(source): failed")
    try await host.drill().expect(0, naming: "\(source) is not in this snapshot: failed")
  }

  /// Adds a database to a host without one.
  private func host(savingAlso conninfo: String) async throws -> Deployment {
    let host = try await Deployment()
    host.moreSources = ["other-db: {kind: postgresql, conninfo: \"\(conninfo)\"}"]
    try host.configure()
    try await host.initialise()
    return host
  }

  @Test func aDatabaseThatCannotBeReachedIsNamedAndTheOthersAreSaved() async throws {
    let folder = try ScratchFolder()
    let host = try await host(savingAlso: "host=\(folder.path(of: "nobody")) dbname=x")
    try await host.backup("check-config").expect(3, "postgres.unreachable", naming: "other-db")
    try await host.backup("run", "--dry-run").expect(3, "postgres.unreachable", naming: "other-db")
    try await expectPartlySaved(
      host, without: "other-db", "postgres.unreachable",
      naming: "nobody/.s.PGSQL.5432\" failed: No such file or directory [postgres.unreachable]")
    // As the only source of a run, nothing is saved at all.
    try await host.backup("run", "--only", "other-db").expect(
      5, "postgres.unreachable", naming: "nothing was saved")
    #expect(try host.store.entries().count == 1)
  }

  @Test func aDatabaseThatIsNotThereIsNamed() async throws {
    let host = try await host(savingAlso: await SharedServer.freshConninfo())
    try await expectPartlySaved(
      host, without: "other-db", "postgres.no-database", naming: "there is no database session_")
  }

  @Test func aServerThatAsksForAPasswordIsNotAnsweredAndNobodyIsAsked() async throws {
    let there = try await SharedServer.database()
    let asking = try await SharedServer.conninfoThatAsks(like: there)
    let host = try await host(savingAlso: asking)
    try await expectPartlySaved(
      host, without: "other-db", "postgres.password-asked", naming: "for user asked")
    try await host.backup("run", "--only", "other-db").expect(5, "postgres.password-asked")
    // With a file that holds it, the same database is saved; a wrong one is told apart.
    for (password, status) in [("right", 0), ("wrong", 5)] {
      try host.folder.write("*:*:*:*:\(password)\n", to: "passfile")
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o600], ofItemAtPath: host.path("passfile"))
      host.moreSources = [
        "other-db: {kind: postgresql, conninfo: \"\(asking) passfile=\(host.path("passfile"))\"}"
      ]
      try host.configure()
      let outcome = try await host.backup("run", "--only", "other-db").expect(Int32(status))
      #expect(!outcome.text.contains(password) || password == "right", "\(outcome)")
    }
  }

  @Test func aDumpProgramOfAnotherMajorVersionIsNotUsed() async throws {
    let host = try await host(savingAlso: await SharedServer.database("CREATE TABLE t (a int)"))
    try host.write("#!/bin/sh\necho 'pg_dump (PostgreSQL) 17.2'\n", to: "programs/pg_dump")
    let fake = host.path("programs/pg_dump")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: fake)
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    host.environment = ["PATH": "\(host.path("programs")):\(path)"]
    try await expectPartlySaved(host, without: "other-db", "postgres.dump-version", naming: fake)
    host.environment = [:]
    try await host.night()
    try await host.verify().expect(0, naming: "5 sources of")
  }

  @Test func aDumpThatBreaksOffIsNotSaved() async throws {
    let host = try await host(savingAlso: await SharedServer.database("CREATE TABLE t (a int)"))
    let real = try host.program("pg_dump").path
    let script = """
      #!/bin/sh
      case "$1" in --version) exec \(real) --version;; esac
      \(real) "$@" | head -c 1500
      echo 'pg_dump: error: connection lost' >&2
      exit 1

      """
    try host.write(script, to: "programs/pg_dump")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: host.path("programs/pg_dump"))
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    host.environment = ["PATH": "\(host.path("programs")):\(path)"]
    let night = try await host.backup("run").expect(3, naming: "other-db", "connection lost")
    #expect(night.errors.contains("[postgres.dump-failed]"), "\(night)")
  }

  @Test func aFolderOrFileThatIsGoneIsNamedAndTheOthersAreSaved() async throws {
    for (source, gone) in [("bridge-config", "bridge"), ("bridge-db", "bridge.db")] {
      let host = try await Deployment()
      try await host.initialise()
      try host.remove(gone)
      let night = try await host.backup("run").expect(3, naming: source, host.path(gone))
      #expect(!night.errors.contains("[unexpected]"), "\(night)")
      try await host.verify().expect(0, naming: "3 sources of")
    }
  }

  @Test func anSQLiteFileThatIsNoneIsNamed() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try host.write(String(repeating: "not a database ", count: 1000), to: "bridge.db")
    try await host.backup("check-config").expect(
      3, "sqlite.not-a-database", naming: "bridge-db", host.path("bridge.db"))
    try await host.backup("run").expect(
      3, "sqlite.not-a-database", naming: "bridge-db", host.path("bridge.db"))
    try await host.verify().expect(0, naming: "3 sources of")
  }

  @Test func aRestingDatabaseWithAWriteAheadLogIsReadyAndStaysAlone() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.sqlite("PRAGMA journal_mode = wal")
    let files = try FileManager.default.contentsOfDirectory(atPath: host.path(""))
    try await host.backup("check-config").expect(0, naming: "bridge-db")
    #expect(try FileManager.default.contentsOfDirectory(atPath: host.path("")) == files)
  }

  @Test func tablesThatTheRoleMayNotReadAreNamedBeforeTheNight() async throws {
    let conninfo = try await SharedServer.database(
      """
      CREATE ROLE reader LOGIN; CREATE TABLE open (a int); CREATE TABLE closed (a serial);
      GRANT SELECT ON open TO reader
      """)
    let host = try await host(savingAlso: "\(conninfo) user=reader")
    for verb in [["check-config"], ["run", "--dry-run"]] {
      let outcome = try await Program(path: BuiltTools.backup).run(
        verb + ["--config", host.configuration])
      outcome.expect(
        3, "postgres.privileges", naming: "other-db", "'reader'", "public.closed",
        "public.closed_a_seq")
      #expect(!outcome.errors.contains("public.open"), "\(outcome)")
    }
    try await host.backup("run", "--only", "other-db").expect(5)
    try SharedServer.execute(
      "GRANT SELECT ON closed TO reader; GRANT SELECT ON SEQUENCE closed_a_seq TO reader",
      in: conninfo)
    try await host.backup("check-config").expect(0, naming: "other-db")
    try await host.backup("run", "--only", "other-db").expect(0)
  }

  @Test func aFileThatMayNotBeReadIsNamedAndTheRestOfItsFolderIsSaved() async throws {
    let host = try await Deployment()
    try host.write("secret\n", to: "bridge/closed/unreadable")
    try await host.initialise()
    let closed = host.path("bridge/closed/unreadable")
    try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: closed)
    let isRoot = geteuid() == 0
    if isRoot { try await host.handOver(to: "nobody", except: closed) }
    let night = try await host.backup("run", "--json")
    night.expect(3, naming: "closed/unreadable")
    let source = try #require(try night.events().first { $0["source"] == "bridge-config" })
    #expect(source.texts("failures").count == 1, "\(source)")
    try await host.verify().expect(0, naming: "4 sources of")
    let listed = try await host.restore(
      "files", "--source", "bridge-config", "--identity", host.bridgeTeam.identity)
    #expect(listed.expect(0).output.contains("config.yaml"))
    #expect(!listed.output.contains("unreadable"))
    try await host.restore("snapshots").expect(0, naming: "bridge-config: partly")
    try await expectWarnings(host)
  }

  /// Expects that whoever drills or restores hears what the night could not read.
  private func expectWarnings(_ host: Deployment) async throws {
    host.wrapper = []
    host.backupTool = BuiltTools.backup
    let map = try await host.map(into: "again")
    let target = ["--source", "bridge-config", "--target", host.path("one")]
    for verb in [
      ["drill", "--scratch", host.path("")], ["run"] + target, ["host", "--map", map, "--dry-run"],
      ["host", "--map", map],
    ] {
      let outcome = try await host.restore(verb + ["--json"] + host.allIdentities, from: host.store)
      let warnings = try outcome.expect(0).events().filter { $0["check"] == "source.partly" }
      #expect(warnings.count == 2, "\(outcome)")
      #expect(warnings.allSatisfy { $0["outcome"] == "warning" }, "\(outcome)")
      #expect(warnings.first?["text"]?.hasPrefix("bridge-config was saved in part only") == true)
      #expect(warnings.last?["text"]?.contains("closed/unreadable") == true, "\(outcome)")
    }
    let whole = ["--source", "synapse-config", "--target", host.path("whole")]
    let outcome = try await host.restore(["run"] + whole + host.allIdentities, from: host.store)
    #expect(!outcome.expect(0).output.contains("in part only"), "\(outcome)")
  }

  @Test func aFileThatKeepsChangingIsNamedAndMarkedAsTorn() async throws {
    let host = try await Deployment()
    var chance = SeededChance(for: "a file that keeps changing")
    try await host.writeNoise(16_000_000, to: "bridge/restless", &chance)
    try await host.initialise()
    let handle = try #require(FileHandle(forWritingAtPath: host.path("bridge/restless")))
    let isDone = Flag()
    async let writing: Void = Task.detached {
      while !isDone.isSet {
        try handle.seek(toOffset: 100)
        try handle.write(contentsOf: Data([UInt8.random(in: 0...255)]))
        try await Task.sleep(for: .microseconds(200))
      }
    }.value
    let night = try await host.backup("run", "--json")
    isDone.set()
    try await writing
    night.expect(3, naming: "restless: changed each time it was read")
    try await host.verify().expect(0)
    let restored = try await host.restore(
      "run", "--source", "bridge-config", "--target", host.path("restored"), "--identity",
      host.bridgeTeam.identity)
    restored.expect(0, naming: "restless changed while it was saved")
    // Once it rests, the next night has it whole.
    try await host.night()
    try await host.drill().expect(0)
  }
}

/// Something that becomes true once.
final class Flag: Sendable {
  private let value = Atomic(false)
  var isSet: Bool { value.load(ordering: .relaxed) }
  func set() { value.store(true, ordering: .relaxed) }
}

extension Deployment {
  /// Gives all of this host to an account, and runs `coffer-backup` as that account.
  func handOver(to account: String, except closed: String) async throws {
    // The account need not be able to enter the folder that the tools were built in.
    try FileManager.default.copyItem(atPath: BuiltTools.backup, toPath: path("coffer-backup"))
    try await program("chown").run(["-R", account, path("")]).expect(0)
    try await program("chown").run(["root", closed]).expect(0)
    wrapper = [
      try program("setpriv").path, "--reuid=\(account)", "--regid=nogroup", "--clear-groups",
    ]
    backupTool = path("coffer-backup")
  }
}
