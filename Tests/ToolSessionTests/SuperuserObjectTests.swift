import Foundation
import PostgreSQL
import ProofTools
import Testing

/// Databases of a plain role in which a superuser made something, as administrators do.
@Suite(.serialized, .timeLimit(.minutes(20))) struct SuperuserObjectTests {
  /// A host with a database of a plain role, filled by it, and then by a superuser.
  private struct Household {
    let host: Deployment
    let database: String
    let owner: String
    /// A second plain role.
    let bridge: String

    init(_ sql: (Household) -> String) async throws {
      host = try await Deployment()
      database = try await SharedServer.database()
      let name = try #require(try ConnectionInfo(database).database)
      (owner, bridge) = ("\(name)_owner", "\(name)_bridge")
      try SharedServer.execute(
        """
        CREATE ROLE \(owner) LOGIN; CREATE ROLE \(bridge) LOGIN;
        ALTER DATABASE \(name) OWNER TO \(owner);
        SET ROLE \(owner);
        CREATE TABLE rooms (id int PRIMARY KEY, name text);
        INSERT INTO rooms SELECT n, 'room ' || n FROM generate_series(1, 50) n;
        RESET ROLE;
        """, in: database)
      try SharedServer.execute(sql(self), in: database)
      host.moreSources = ["other-db: {kind: postgresql, conninfo: \"\(database)\"}"]
      try host.configure()
      try await host.initialise()
      try await host.night()
    }

    var name: String { String(owner.dropLast("_owner".count)) }

    /// Restores it as `host` does, on the same server.
    func restore() async throws -> (outcome: Program.Outcome, target: String, map: String) {
      let target = try await SharedServer.freshConninfo()
      try host.folder.write(
        "other-db: {conninfo: \"\(target)\", create: true, owner: \(owner)}\n", to: "map")
      let map = host.path("map")
      let outcome = try await host.restore(
        ["host", "--map", map] + host.allIdentities, from: host.store)
      return (outcome, target, map)
    }
  }

  @Test(
    arguments: [
      ("CREATE EXTENSION pg_stat_statements", nil),
      ("CREATE EXTENSION bloom; CREATE INDEX few ON rooms USING bloom (id)", nil),
      ("CREATE SCHEMA tools; CREATE EXTENSION amcheck SCHEMA tools", nil),
      ("CREATE EXTENSION pg_trgm; CREATE INDEX alike ON rooms USING gin (name gin_trgm_ops)", nil),
      ("CREATE PUBLICATION every FOR ALL TABLES", "PUBLICATION every"),
      (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO pg_monitor",
        "DEFAULT ACL"
      ),
      (
        """
        CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
        CREATE EVENT TRIGGER watching ON ddl_command_start EXECUTE FUNCTION watch()
        """, "EVENT TRIGGER watching"
      ),
      (
        """
        CREATE FUNCTION sleepy(float8) RETURNS float8 LANGUAGE internal AS 'dsin';
        CREATE VIEW sleeping AS SELECT sleepy(1)
        """, "FUNCTION public.sleepy"
      ),
      (
        "CREATE FOREIGN DATA WRAPPER far; CREATE SERVER away FOREIGN DATA WRAPPER far",
        "SERVER away"
      ),
      ("CREATE OPERATOR FAMILY ours USING btree", "OPERATOR FAMILY public.ours"),
      (
        "CREATE EXTENSION amcheck; COMMENT ON EXTENSION amcheck IS 'ours'",
        "COMMENT EXTENSION amcheck"
      ),
    ] as [(String, String?)])
  func whatASuperuserMadeKeepsNothingElseFromComingBack(sql: String, leftOut: String?) async throws
  {
    let home = try await Household { _ in sql }
    let drill = try await home.host.drill().expect(0, naming: "other-db: 50 rows in 1 tables")
    let (restored, target, map) = try await home.restore()
    restored.expect(0, naming: "other-db: 50 rows in 1 tables are as they were saved")
    for outcome in [drill, restored] {
      #expect(outcome.text.contains("left out: ") == (leftOut != nil), "\(outcome)")
      if let leftOut { #expect(outcome.text.contains("left out: \(leftOut)"), "\(outcome)") }
    }
    #expect(try SharedServer.value("SELECT count(*) FROM rooms", in: target) == "50")
    let extensions = "SELECT string_agg(extname, ' ' ORDER BY extname) FROM pg_extension"
    #expect(
      try SharedServer.value(extensions, in: target)
        == SharedServer.value(extensions, in: home.database))
    try await home.host.verify("--map", map).expect(0)
  }

  @Test func aGrantByAnotherThanTheOwnerIsNamedWithItsCommand() async throws {
    let home = try await Household { home in
      """
      GRANT SELECT ON rooms TO \(home.bridge) WITH GRANT OPTION;
      SET SESSION AUTHORIZATION \(home.bridge); GRANT SELECT ON rooms TO pg_monitor;
      """
    }
    let (restored, _, _) = try await home.restore()
    restored.expect(
      0, naming: "left out: ACL public.TABLE rooms", "GRANT SELECT ON TABLE public.rooms TO")
    try await home.host.drill().expect(0, naming: "left out: ACL public.TABLE rooms")
  }

  @Test func ownersSettingsAndGrantsOnTheDatabaseComeBack() async throws {
    let home = try await Household { home in
      """
      GRANT CREATE ON SCHEMA public TO \(home.bridge);
      CREATE SCHEMA bridge AUTHORIZATION \(home.bridge);
      SET ROLE \(home.bridge);
      CREATE TABLE bridge."Portal" (id int); INSERT INTO bridge."Portal" VALUES (7);
      CREATE TABLE theirs (a int); CREATE FUNCTION theirs(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
      CREATE TYPE bridge.mood AS ENUM ('good'); ALTER TABLE theirs ENABLE ROW LEVEL SECURITY;
      RESET ROLE;
      ALTER DATABASE \(home.name) SET search_path TO "$user", bridge, public;
      ALTER DATABASE \(home.name) SET default_transaction_isolation TO 'repeatable read';
      ALTER ROLE \(home.bridge) IN DATABASE \(home.name) SET statement_timeout TO '5min';
      REVOKE CONNECT ON DATABASE \(home.name) FROM PUBLIC;
      GRANT CONNECT ON DATABASE \(home.name) TO \(home.bridge);
      """
    }
    try await home.host.drill().expect(0)
    let (restored, target, map) = try await home.restore()
    restored.expect(0, naming: "51 rows in 3 tables are as they were saved")
    #expect(!restored.text.contains("left out") && !restored.text.contains("not given"))
    let new = try #require(try ConnectionInfo(target).database)
    func same(_ sql: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
      let before = try SharedServer.value(sql, in: home.database)
      let after = try SharedServer.value(sql, in: target)
      #expect(before != nil, "\(sql)", sourceLocation: sourceLocation)
      #expect(
        before == after?.replacing(new, with: home.name), "\(sql)", sourceLocation: sourceLocation)
    }
    try same(
      """
      SELECT string_agg(relname || relowner::regrole, ' ' ORDER BY relname) FROM pg_class
      WHERE relkind = 'r' AND oid >= 16384
      """)
    try same("SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'bridge'")
    try same("SELECT proowner::regrole FROM pg_proc WHERE proname = 'theirs'")
    try same("SELECT typowner::regrole FROM pg_type WHERE typname = 'mood'")
    try same(
      """
      SELECT string_agg(setrole::regrole || c, ' ' ORDER BY setrole, c)
      FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase, unnest(setconfig) c
      WHERE datname = current_database()
      """)
    try same(
      """
      SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM pg_database, unnest(datacl) a
      WHERE datname = current_database()
      """)
    try await home.host.verify("--map", map).expect(0)
    // Whoever compared could read the bridge's tables then, and cannot any more.
    let members = "SELECT count(*) FROM pg_auth_members WHERE member = '\(home.owner)'::regrole"
    #expect(try SharedServer.value(members, in: target) == "0")
  }

  @Test func whatBelongedToASuperuserBelongsToTheOwnerAndThatIsSaid() async throws {
    let home = try await Household { home in
      """
      CREATE TABLE administrators (a int);
      ALTER DATABASE \(home.name) SET log_min_messages TO 'error';
      ALTER ROLE coffer IN DATABASE \(home.name) SET search_path TO public;
      """
    }
    let (restored, target, _) = try await home.restore()
    restored.expect(
      0, naming: "1 objects were not given to 'coffer'",
      "ALTER TABLE public.administrators OWNER TO \"coffer\";", "setting log_min_messages",
      "SET log_min_messages = 'error';", "setting search_path of role coffer")
    #expect(
      try SharedServer.value(
        "SELECT tableowner FROM pg_tables WHERE tablename = 'administrators'", in: target)
        == home.owner)
  }
}
