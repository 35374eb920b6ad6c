import Glibc
import PostgreSQL
import SecretMemory
import Testing
import Vocabulary

@Suite struct DumpProgramTests {
  struct Enough: Error {}

  private func refusal(
    _ server: Int, _ path: String
  ) async -> OperatorError? {
    await #expect(throws: OperatorError.self) {
      _ = try await DumpProgram(serverVersion: server, searchPath: path)
    }
  }

  @Test func anotherMajorVersionIsRefusedWithAHint() async throws {
    let folder = TemporaryFolder()
    let script = "#!/bin/sh\necho 'pg_dump (PostgreSQL) 14.9 (Debian 14.9-1)'\n"
    _ = try folder.write("pg_dump", script, mode: 0o755)
    let older = await refusal(150_020, folder.path + ":/usr/bin")
    #expect(older?.code == "postgres.dump-version")
    #expect(older?.hint?.contains("/usr/lib/postgresql/15/bin") == true)
    let newer = await refusal(130_004, folder.path)
    #expect(newer?.code == "postgres.dump-version")
    #expect(newer?.hint?.contains("postgresql-client-13") == true)
    _ = try await DumpProgram(serverVersion: 140_001, searchPath: folder.path)
  }

  @Test func aProgramThatIsNotThereOrTellsNoVersionIsNamed() async throws {
    let folder = TemporaryFolder()
    let missing = await refusal(150_000, folder.path)
    #expect(missing?.status == .missingProgram)
    _ = try folder.write("pg_dump", "#!/bin/sh\necho hello\n", mode: 0o755)
    #expect(await refusal(150_000, folder.path)?.code == "postgres.dump-version")
  }

  @Test func whatPgDumpSaysIsPassedOn() async throws {
    let source = try await SharedCluster.database("CREATE TABLE t (a int)")
    let program = try await DumpProgram(serverVersion: 150_000)
    let error = await #expect(throws: OperatorError.self) {
      try await program.dump(source, snapshot: "00000000-00000000-1") { _ in }
    }
    #expect(error?.code == "postgres.dump-failed")
    #expect(error?.message.contains("snapshot") == true)
    let password = await #expect(throws: OperatorError.self) {
      try await program.dump("dbname=x password=y", snapshot: nil) { _ in }
    }
    #expect(password?.code == "postgres.password-in-conninfo")
  }

  @Test func aProgramMaySayMoreThanAPipeHolds() async throws {
    let folder = TemporaryFolder()
    let script = #"""
      #!/bin/sh
      [ "$1" = --version ] && { echo 'pg_dump (PostgreSQL) 15.1'; exit; }
      for part in 1 2 3; do
        head -c 300000 /dev/zero | tr '\0' 'w' >&2
        head -c 1500000 /dev/zero
      done
      printf '\nthe last words\n' >&2
      exit 3
      """#
    _ = try folder.write("pg_dump", script, mode: 0o755)
    let program = try await DumpProgram(
      serverVersion: 150_001, searchPath: "\(folder.path):/usr/bin:/bin")
    var taken = 0
    let error = await #expect(throws: OperatorError.self) {
      try await program.dump("dbname=x", snapshot: nil) { taken += $0.byteCount }
    }
    #expect(taken == 4_500_000)
    #expect(error?.code == "postgres.dump-failed")
    #expect(error?.message.hasSuffix("the last words") == true)
  }

  @Test func debiansWrapperIsPassedBy() async throws {
    let folder = TemporaryFolder()
    // What it runs by its own rules is no PostgreSQL here.
    _ = try folder.write("pg_wrapper", "#!/bin/sh\nexit 1\n", mode: 0o755)
    #expect(unsafe symlink("pg_wrapper", "\(folder.path)/pg_dump") == 0)
    let source = try await SharedCluster.database("CREATE TABLE t (a int)")
    var taken = 0
    try await DumpProgram(serverVersion: 150_000, searchPath: folder.path).dump(
      source, snapshot: nil
    ) { taken += $0.byteCount }
    #expect(taken > 1000)
    #expect(await refusal(990_000, folder.path)?.code == "postgres.dump-version")
  }

  @Test func pgDumpEndsWhenItsReaderFails() async throws {
    let source = try await SharedCluster.database(
      "CREATE TABLE t AS SELECT repeat(md5(n::text), 30) FROM generate_series(1, 60000) n")
    let program = try await DumpProgram(serverVersion: 150_000)
    var taken = 0
    await #expect(throws: Enough.self) {
      try await program.dump(source, snapshot: nil) { slice in
        taken += slice.byteCount
        if taken > 1_000_000 { throw Enough() }
      }
    }
    try await expectNoDump(of: source)
  }

  @Test func pgDumpEndsWhenItsTaskIsCancelled() async throws {
    let source = try await SharedCluster.database(
      "CREATE TABLE t AS SELECT repeat(md5(n::text), 30) FROM generate_series(1, 60000) n")
    let program = try await DumpProgram(serverVersion: 150_000)
    let task = Task {
      try await program.dump(source, snapshot: nil) { _ in usleep(20_000) }
    }
    try await Task.sleep(for: .milliseconds(200))
    task.cancel()
    await #expect(throws: (any Error).self) { try await task.value }
    try await expectNoDump(of: source)
  }

  /// The server notices a client's end when it writes to it next.
  private func expectNoDump(of conninfo: String) async throws {
    let connection = try PostgresConnection(conninfo: conninfo)
    let question = """
      SELECT count(*) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'pg_dump'
      """
    for _ in 0..<200 where try connection.value(question) != "0" {
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(try connection.value(question) == "0")
  }

  @Test func aSnapshotIsOneMoment() async throws {
    let source = try await SharedCluster.database(
      "CREATE TABLE t AS SELECT n FROM generate_series(1, 100) n")
    let snapshot = try ExportedSnapshot(conninfo: source)
    let saved = try await SavedDatabase.save(source) {
      try PostgresConnection(conninfo: source).execute(
        "INSERT INTO t SELECT n FROM generate_series(101, 150) n; DELETE FROM t WHERE n < 10")
    }
    #expect(saved.figures.tables.first?.rows == 100)
    #expect(try census(source).tables.first?.rows == 141)
    #expect(saved.facts.snapshotTime.hasSuffix("Z"))
    #expect(saved.facts.snapshotTime > snapshot.time)
    #expect(try snapshot.connection.value("SELECT count(*) FROM t") == "100")
    #expect(throws: OperatorError.self) { try snapshot.connection.execute("DELETE FROM t") }
    snapshot.close()
    #expect(throws: OperatorError.self) { try snapshot.connection.execute("SELECT 1") }
  }

  @Test func dumpAndCensusAgreeWhateverTheDatabasesOwnSettings() async throws {
    let source = try await SharedCluster.database(
      """
      CREATE TABLE t (a timestamptz, b bytea, c interval, d float8, e money);
      INSERT INTO t VALUES (now(), '\\x00ff', '3 days 4 h', 0.1, 1234.5);
      DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Tokyo''', current_database());
      EXECUTE format('ALTER DATABASE %I SET bytea_output = escape', current_database());
      EXECUTE format('ALTER DATABASE %I SET datestyle = ''German''', current_database()); END $$
      """)
    let saved = try await SavedDatabase.save(source)
    #expect(saved.facts.outputSettings["bytea_output"] == "escape")
    let restored = try await saved.restore()
    for conninfo in [source, restored] {
      let found = try TableCensus(
        PostgresConnection(conninfo: conninfo), outputSettings: saved.facts.outputSettings
      ).figures()
      #expect(found == saved.figures)
    }
  }

  @Test(arguments: ["LATIN1", "SQL_ASCII"])
  func databasesOfOtherEncodingsAreSavedInTheirOwn(encoding: String) async throws {
    let cluster = try await SharedCluster.cluster()
    let name = SharedCluster.freshName()
    let admin = try PostgresConnection(conninfo: cluster.conninfo())
    try admin.execute(
      """
      CREATE DATABASE \(name) TEMPLATE template0 ENCODING '\(encoding)' LC_COLLATE 'C' LC_CTYPE 'C'
      """)
    let source = cluster.conninfo(database: name)
    try PostgresConnection(conninfo: source).execute(
      "CREATE TABLE t (a text); INSERT INTO t VALUES ('é'), ('plain')")
    let saved = try await SavedDatabase.save(source)
    #expect(saved.facts.locale.encoding == encoding)
    let restored = try await saved.restore()
    #expect(try census(source) == saved.figures)
    #expect(try census(restored) == saved.figures)
  }
}
