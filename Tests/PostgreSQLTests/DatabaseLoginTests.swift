import PostgreSQL
import Testing
import Vocabulary

@Suite struct DatabaseLoginTests {
  /// A connection string of the shared cluster for a role, in a database of its own.
  private func conninfo(_ user: String) async throws -> String {
    let name = try ConnectionInfo(await SharedCluster.database()).database ?? ""
    return
      "host='\(try await SharedCluster.cluster().folder)' port=5432 user=\(user) dbname=\(name)"
  }

  private func role(_ options: String = "") async throws -> String {
    let name = SharedCluster.freshName("role")
    let admin = try await PostgresConnection(conninfo: SharedCluster.cluster().conninfo())
    try admin.execute("CREATE ROLE \(name) LOGIN \(options)")
    return name
  }

  @Test func theOwnerLogsInWhereTheServerLetsIt() async throws {
    let owner = try await role()
    let login = try await DatabaseLogin.leastPowerful(conninfo("coffer"), owner: owner)
    #expect(try ConnectionInfo(login.conninfo).user == owner)
    #expect(login.role == nil && login.powerfulUser == nil)
  }

  @Test(arguments: ["asked", "rejected"])
  func whereTheServerDoesNotLetTheOwnerInThatIsSaid(owner: String) async throws {
    let given = try await conninfo("coffer")
    let login = try DatabaseLogin.leastPowerful(given, owner: owner)
    #expect(login.conninfo == given && login.role == owner && login.powerfulUser == "coffer")
  }

  @Test func anOwnerWithRightsOverTheServerIsNoHelp() async throws {
    let given = try await conninfo("coffer")
    let owners = try await [
      role("SUPERUSER"), role("IN ROLE pg_execute_server_program"),
      role("IN ROLE \(role("SUPERUSER"))"), role("NOINHERIT IN ROLE pg_write_server_files"),
      // It could make itself a member of those.
      role("CREATEROLE"),
    ]
    for owner in owners {
      let login = try DatabaseLogin.leastPowerful(given, owner: owner)
      #expect(login.conninfo == given && login.powerfulUser == "coffer", "\(owner)")
    }
  }

  @Test func aLoginWithoutRightsOverTheServerIsTakenAsItIs() async throws {
    let given = try await conninfo(role("CREATEDB"))
    let plain = try DatabaseLogin.leastPowerful(given, owner: nil)
    #expect(plain.conninfo == given && plain.role == nil && plain.powerfulUser == nil)
    #expect(try DatabaseLogin.leastPowerful(given, owner: "somebody").role == "somebody")
    let superuser = try await DatabaseLogin.leastPowerful(conninfo("coffer"), owner: nil)
    #expect(superuser.powerfulUser == "coffer" && superuser.role == nil)
  }

  @Test func aDrillsLoginOwnsItsDatabaseAndNothingElse() async throws {
    let cluster = try await SharedCluster.cluster()
    let other = try await SharedCluster.database("CREATE TABLE secret (a int)")
    let source = try await SharedCluster.database(
      """
      CREATE EXTENSION amcheck; CREATE EXTENSION pg_trgm; CREATE ROLE lent NOLOGIN;
      CREATE TABLE t (a int); GRANT SELECT ON t TO lent;
      ALTER DEFAULT PRIVILEGES FOR ROLE lent GRANT SELECT ON TABLES TO PUBLIC;
      """)
    let saved = try await SavedDatabase.save(source)
    // A hostile list of roles names those that have rights.
    let roles = saved.facts.roles.map(\.name)
    #expect(roles.contains("coffer") && roles.contains("lent"))
    let name = SharedCluster.freshName("drilled")
    let (admin, user) = try cluster.makeDatabase(
      name, locale: saved.facts.locale, roles: saved.facts.roles)
    let login = try DatabaseLogin.leastPowerful(admin, owner: user)
    #expect(login.powerfulUser == nil)
    let conninfo = login.conninfo
    try DatabaseRestore(conninfo: admin).makeUntrusted(saved.facts.extensions, owner: user)
    let restore = try DatabaseRestore(conninfo: login.conninfo)
    try await restore.restore(reading: pieces(of: saved.archive))
    try restore.finish(.plain)
    let connection = try PostgresConnection(conninfo: conninfo)
    #expect(
      try connection.query("SELECT extname FROM pg_extension ORDER BY 1")
        == [["amcheck"], ["pg_trgm"], ["plpgsql"]])
    for refused in [
      "COPY (SELECT 1) TO PROGRAM 'true'", "SET ROLE coffer", "SET SESSION AUTHORIZATION coffer",
      "SELECT bt_index_check('pg_class_oid_index')", "SELECT pg_read_file('postgresql.conf')",
    ] {
      #expect(throws: OperatorError.self, "\(refused)") { try connection.execute(refused) }
    }
    // Others' databases are shut to it, and its own to others.
    let stranger = try await role()
    #expect(throws: OperatorError.self) {
      try PostgresConnection(conninfo: conninfo.replacing(user, with: stranger))
    }
    let closed = try ConnectionInfo(
      cluster.makeDatabase(
        SharedCluster.freshName("closed"), locale: saved.facts.locale, roles: []
      ).conninfo
    ).database
    #expect(throws: OperatorError.self) {
      try PostgresConnection(conninfo: conninfo.replacing("'\(name)'", with: "'\(closed ?? "")'"))
    }
    try PostgresConnection(conninfo: other).close()
  }
}
