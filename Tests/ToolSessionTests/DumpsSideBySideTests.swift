import Foundation
import PostgreSQL
import ProofTools
import Subprocess
import Testing

private let hasTwoCores = ProcessInfo.processInfo.activeProcessorCount > 1

/// Databases of which the next one is read while one is stored, and what that must not change.
@Suite(.serialized, .timeLimit(.minutes(20))) struct DumpsSideBySideTests {
  private static let tables = """
    CREATE TABLE filler AS SELECT n, md5(n::text) AS word FROM generate_series(1, 20000) n;
    CREATE TABLE last AS SELECT 1 AS one
    """

  /// A host with two databases, the first saved before the second.
  private func host(_ first: String, _ second: String) async throws -> Deployment {
    let host = try await Deployment()
    host.moreSources = [
      "first-db: {kind: postgresql, conninfo: \"\(first)\"}",
      "second-db: {kind: postgresql, conninfo: \"\(second)\"}",
    ]
    try host.configure()
    try await host.initialise()
    return host
  }

  /// Puts a script in the place of `pg_dump`: it is told what is its folder, what the real program is,
  /// and which database it is for, and holds the first dump, of which a part is out, until it is told to
  /// go on.
  private func replaceDumpProgram(of host: Deployment, first: String, second: String) async throws {
    let real = try host.program("pg_dump").path
    let name = try #require(try ConnectionInfo(first).database)
    let script = """
      #!/bin/sh
      case "$1" in --version) exec \(real) --version;; esac
      cd \(host.path("programs"))
      if echo "$*" | grep -qw \(name); then
        [ -p data ] || mkfifo data
        \(real) "$@" >data &
        dump=$!
        echo $dump >first.pid
        exec <data
        head -c 1500
        timeout 300 cat go-on >heard &
        waiter=$!
        trap 'kill $dump $waiter; exit 143' TERM
        wait $waiter || exit 1
        cat
        wait $dump
        exit
      fi
      echo began >>second.log
      \(second)

      """
    try host.write(
      script.replacingOccurrences(of: "REAL", with: real), to: "programs/pg_dump")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: host.path("programs/pg_dump"))
    try await host.program("mkfifo").run([host.path("programs/go-on")]).expect(0)
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    host.environment = ["PATH": "\(host.path("programs")):\(path)"]
  }

  @Test(.enabled(if: hasTwoCores))
  func theSecondIsDumpedWhileTheFirstIsAndBothAreRestored() async throws {
    let first = try await SharedServer.database(Self.tables)
    let second = try await SharedServer.database(Self.tables)
    let host = try await host(first, second)
    try await replaceDumpProgram(
      of: host, first: first,
      second: """
        kill -0 $(cat first.pid) && echo 'the first lives' >>second.log
        echo go on >go-on
        exec REAL "$@"
        """)
    let night = try await host.night()
    #expect(
      try host.folder.readText("programs/second.log") == "began\nthe first lives\n", "\(night)")
    host.environment = [:]
    try await host.verify().expect(0)
    try await host.drill().expect(
      0, naming: "first-db: 20001 rows in 2 tables", "second-db: 20001 rows in 2 tables")
  }

  @Test(.enabled(if: hasTwoCores))
  func aSecondDumpThatIsInTheWayOfTheFirstComesAfterIt() async throws {
    let first = try await SharedServer.database()
    let second = try await SharedServer.database()
    try SharedServer.execute("CREATE ROLE few LOGIN CONNECTION LIMIT 3", in: first)
    let conninfos = try [first, second].map { conninfo in
      let name = try #require(try ConnectionInfo(conninfo).database)
      try SharedServer.execute(
        "ALTER DATABASE \(name) OWNER TO few; ALTER SCHEMA public OWNER TO few; SET ROLE few; "
          + Self.tables, in: conninfo)
      return conninfo.split(separator: " ").filter { !$0.hasPrefix("user=") }
        .joined(separator: " ") + " user=few"
    }
    let host = try await host(conninfos[0], conninfos[1])
    // A snapshot and a dump of the first leave one connection: the second's dump gets none.
    try await replaceDumpProgram(
      of: host, first: first,
      second: """
        REAL "$@"
        status=$?
        echo "ended with $status" >>second.log
        [ -p go-on ] && echo go on >go-on && rm go-on
        exit $status
        """)
    let night = try await host.night()
    #expect(!night.errors.contains("again"), "\(night)")
    #expect(
      try host.folder.readText("programs/second.log")
        == "began\nended with 1\nbegan\nended with 0\n")
    try await host.verify().expect(0)
  }

  @Test func aSecondDatabaseThatIsNotThereIsNamedOnceAndTheFirstIsSaved() async throws {
    let host = try await host(
      await SharedServer.database(Self.tables), await SharedServer.freshConninfo())
    let night = try await host.backup("run").expect(
      3, "postgres.no-database", naming: "second-db", "there is no database")
    #expect(night.errors.components(separatedBy: "postgres.no-database").count == 2, "\(night)")
    try await host.verify().expect(0, naming: "5 sources of")
  }

  @Test(.enabled(if: hasTwoCores))
  func anInterruptionEndsBothDumps() async throws {
    let first = try await SharedServer.database(Self.tables)
    let second = try await SharedServer.database(Self.tables)
    let names = try [first, second].map { "'\(try ConnectionInfo($0).database ?? "")'" }
    let host = try await host(first, second)
    try await replaceDumpProgram(of: host, first: first, second: "exec REAL \"$@\"")
    let lock = try PostgresConnection(conninfo: second)
    defer { lock.close() }
    try lock.execute("BEGIN; LOCK TABLE last IN ACCESS EXCLUSIVE MODE")
    func dumps(_ condition: String = "true") throws -> Int {
      let count = try SharedServer.value(
        """
        SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg_dump' AND \(condition)
        AND datname IN (\(names.joined(separator: ", ")))
        """, in: first)
      return count.flatMap { Int($0) } ?? -1
    }
    let interrupted = try await host.backup("run") { run in
      while try dumps() < 2 || dumps("wait_event_type = 'Lock'") < 1 {
        try await Task.sleep(for: .milliseconds(2))
      }
      try run.send(signal: .interrupt)
    }
    interrupted.expect(130)
    // The server ends a session when it gets round to it.
    while try dumps() > 0 { try await Task.sleep(for: .milliseconds(2)) }
    try lock.execute("ROLLBACK")
    host.environment = [:]
    try await host.night()
    try await host.verify().expect(0, naming: "6 sources of")
  }

  @Test func aNightAndADrillOnASingleCoreComeToAnEnd() async throws {
    let host = try await host(
      await SharedServer.database(Self.tables), await SharedServer.database(Self.tables))
    // The first of the cores that this process may use.
    let script = """
      exec taskset -c "$(taskset -cp $$ | sed 's/.*: //; s/[,-].*//')" "$@"
      """
    host.wrapper = [try host.program("sh").path, "-c", script, "sh"]
    try await host.night()
    let drill =
      host.wrapper.dropFirst() + [
        BuiltTools.restore, "drill", "--scratch", host.path(""), "--store", host.store.path,
        "--trust", host.path("keys/host.pub"),
      ]
    try await Program(path: host.wrapper[0]).run(drill + host.allIdentities)
      .expect(0, naming: "the drill passed")
  }
}
