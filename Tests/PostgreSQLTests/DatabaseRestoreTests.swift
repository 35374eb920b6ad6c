import FoundationEssentials
import PostgreSQL
import Testing
import Vocabulary

@Suite struct DatabaseRestoreTests {
  struct Enough: Error {}

  @Test(arguments: [
    "CREATE TABLE t (a int)", "CREATE SCHEMA s", "CREATE VIEW v AS SELECT 1", "CREATE SEQUENCE q",
    "SELECT lo_create(0)", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
  ])
  func aTargetThatHoldsAnythingIsRefused(sql: String) async throws {
    let target = try await SharedCluster.database(sql)
    let error = await #expect(throws: OperatorError.self) {
      try await DatabaseRestore(conninfo: target).restore { nil }
    }
    #expect(error?.code == "restore.target-not-empty")
    #expect(error?.status == .refused)
  }

  @Test func anEmptyTargetWithAnExtensionIsEmpty() async throws {
    let target = try await SharedCluster.database("CREATE EXTENSION IF NOT EXISTS plpgsql")
    try DatabaseRestore(conninfo: target).requireEmpty()
  }

  @Test func aDatabaseThatIsThereIsNotMadeAgain() async throws {
    let target = try await SharedCluster.database()
    let error = #expect(throws: OperatorError.self) {
      _ = try DatabaseRestore(conninfo: target).create(
        owner: "coffer", locale: DatabaseLocale(encoding: "UTF8", collate: "C", ctype: "C"))
    }
    #expect(error?.code == "restore.target-exists")
    #expect(throws: OperatorError.self) { try DatabaseRestore(conninfo: "host=/x") }
  }

  @Test func rolesComeBackAsTheyWereWithoutPasswordAndNeverAsSuperusers() async throws {
    let source = try await SharedCluster.database(
      """
      CREATE ROLE r_owner LOGIN SUPERUSER PASSWORD 'x'; CREATE ROLE "R ""group" NOLOGIN NOINHERIT;
      CREATE TABLE mine (a int); INSERT INTO mine VALUES (1); ALTER TABLE mine OWNER TO r_owner;
      GRANT SELECT ON mine TO "R ""group"; GRANT "R ""group" TO r_owner;
      """)
    let saved = try await SavedDatabase.save(source)
    let owner = try #require(saved.facts.roles.first { $0.name == "r_owner" })
    #expect(owner.isSuperuser && owner.canLogin && owner.memberOf == ["R \"group"])
    let admin = try await PostgresConnection(conninfo: SharedCluster.cluster().conninfo())
    let name = try #require(ConnectionInfo(source).database)
    try admin.execute("DROP DATABASE \(name)")
    try admin.execute("DROP ROLE r_owner; DROP ROLE \"R \"\"group\"")
    let target = try await SharedCluster.cluster().conninfo(database: "roles_again")
    let restore = try DatabaseRestore(conninfo: target)
    let made = try restore.create(
      owner: "r_owner", locale: saved.facts.locale, roles: saved.facts.roles)
    #expect(Set(made) == ["r_owner", "R \"group"])
    try await restore.restore(owner: "r_owner", reading: pieces(of: saved.archive))
    let roles = try admin.query(
      """
      SELECT rolname, rolsuper, rolcanlogin, rolinherit, rolpassword IS NULL FROM pg_authid
      WHERE rolname IN ('r_owner', 'R "group') ORDER BY rolname
      """)
    #expect(roles == [["R \"group", "f", "f", "f", "t"], ["r_owner", "f", "t", "t", "t"]])
    let restored = try PostgresConnection(conninfo: target)
    #expect(
      try restored.value(
        "SELECT tableowner || has_table_privilege('R \"group', 'mine', 'SELECT') FROM pg_tables "
          + "WHERE tablename = 'mine'") == "r_ownertrue")
  }

  @Test func aDumpCutShortIsAnErrorThatSaysWhatPgRestoreSaid() async throws {
    let source = try await SharedCluster.database(ComparisonTests.rows)
    let saved = try await SavedDatabase.save(source)
    for length in [0, 3, 5000, saved.archive.count - 20] {
      let target = try await SharedCluster.database()
      let error = await #expect(throws: OperatorError.self) {
        try await DatabaseRestore(conninfo: target).restore(
          reading: pieces(of: Array(saved.archive.prefix(length))))
      }
      #expect(error?.code == "postgres.restore-failed")
      #expect(error?.message.contains("pg_restore: error") == true)
    }
  }

  @Test func aScratchDatabaseIsRestoredInOneTransactionAndHasAllRows() async throws {
    let source = try await SharedCluster.database(RoundTripTests.everything)
    let saved = try await SavedDatabase.save(source)
    let question = "SELECT count(DISTINCT xmin::text) > 1 FROM pg_class WHERE oid >= 16384"
    for purpose in [DatabaseRestore.Purpose.service, .comparison] {
      let target = try await saved.restore(for: purpose)
      #expect(try census(target, like: saved.figures) == saved.figures)
      let isInParts = try PostgresConnection(conninfo: target).value(question)
      #expect(isInParts == (purpose == .comparison ? "f" : "t"))
    }
  }

  @Test func aScratchDumpCutShortLeavesNothing() async throws {
    let saved = try await SavedDatabase.save(SharedCluster.database(ComparisonTests.rows))
    let target = try await SharedCluster.database()
    let restore = try DatabaseRestore(conninfo: target, for: .comparison)
    let error = await #expect(throws: OperatorError.self) {
      try await restore.restore(reading: pieces(of: Array(saved.archive.dropLast(20))))
    }
    #expect(error?.code == "postgres.restore-failed")
    try restore.requireEmpty()
  }

  @Test func garbageLongerThanAPipeIsAnErrorAndNotOurEnd() async throws {
    let target = try await SharedCluster.database()
    let error = await #expect(throws: OperatorError.self) {
      try await DatabaseRestore(conninfo: target).restore(
        reading: pieces(of: [UInt8](repeating: 7, count: 8 << 20)))
    }
    #expect(error?.code == "postgres.restore-failed")
  }

  @Test func whatTheReaderThrowsIsPassedOn() async throws {
    let saved = try await SavedDatabase.save(SharedCluster.database(ComparisonTests.rows))
    let target = try await SharedCluster.database()
    let next = pieces(of: saved.archive, size: 1000)
    var given = 0
    await #expect(throws: Enough.self) {
      try await DatabaseRestore(conninfo: target).restore {
        given += 1
        if given == 10 { throw Enough() }
        return next()
      }
    }
  }

  @Test func aServerOlderThanTheDumpAndAnotherPgRestoreAreRefused() async throws {
    let target = try await SharedCluster.database()
    let restore = try DatabaseRestore(conninfo: target)
    let older = await #expect(throws: OperatorError.self) {
      try await restore.restore(dumpMajor: 16) { nil }
    }
    #expect(older?.code == "restore.older-server")
    let folder = TemporaryFolder()
    _ = try folder.write(
      "pg_restore", "#!/bin/sh\necho 'pg_restore (PostgreSQL) 16.1'\n", mode: 0o755)
    let other = await #expect(throws: OperatorError.self) {
      try await restore.restore(searchPath: folder.path) { nil }
    }
    #expect(other?.code == "postgres.dump-version")
  }

  @Test func factsTellWhatADumpDoesNot() async throws {
    let source = try await SharedCluster.database(
      """
      CREATE SEQUENCE used; SELECT nextval('used'), nextval('used'); CREATE SEQUENCE fresh START 7;
      CREATE TABLE t (id serial)
      """)
    let snapshot = try ExportedSnapshot(conninfo: source)
    let facts = try DatabaseFacts.gather(in: snapshot)
    #expect(facts.serverMajor == 15)
    #expect(facts.database == (try ConnectionInfo(source).database))
    #expect(facts.owner == "coffer")
    #expect(facts.locale == DatabaseLocale(encoding: "UTF8", collate: "C", ctype: "C"))
    #expect(facts.extensions.map(\.name) == ["plpgsql"])
    #expect(
      try SequenceFact.all(in: snapshot.connection)
        .map { "\($0.name) \($0.lastValue) \($0.isCalled)" }
        == ["fresh 7 false", "t_id_seq 1 false", "used 2 true"])
    #expect(facts.sizeInBytes > 1_000_000)
    #expect(facts.synapseSchema == nil)
    #expect(facts.roles.contains { $0.name == "coffer" })
    let json = try JSONEncoder().encode(facts)
    #expect(try JSONDecoder().decode(DatabaseFacts.self, from: json) == facts)
  }
}
