import Foundation
import ProofTools
import Testing

/// Dumps of a host that was taken over: their SQL runs where they are restored, and may do nothing there.
@Suite(.serialized, .timeLimit(.minutes(20))) struct HostileDumpTests {
  /// A place that every account can write to, gone with its owner.
  private final class Prey {
    let folder = "/tmp/coffer-prey-\(UUID().uuidString)"
    var file: String { folder + "/taken" }
    var isTaken: Bool { FileManager.default.fileExists(atPath: file) }

    init() throws {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: false)
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o1777], ofItemAtPath: folder)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }
  }

  /// A host whose `pg_dump` puts a statement into the place of a view's definition.
  private func host(sendingInstead statement: String) async throws -> Deployment {
    let host = try await Deployment()
    let padding = String(repeating: "x", count: 500)
    let database = try await SharedServer.database(
      "CREATE VIEW innocent AS SELECT '\(padding)'::text AS t; CREATE TABLE u (a int)")
    host.moreSources = ["other-db: {kind: postgresql, conninfo: \"\(database)\"}"]
    try host.configure()
    try await host.initialise()
    let real = try host.program("pg_dump").path
    try host.write(statement, to: "statement")
    let script = """
      #!/bin/sh
      case "$1" in --version) exec \(real) --version;; esac
      \(real) "$@" | python3 -c '
      import re, sys
      statement = open("\(host.path("statement"))", "rb").read()
      dump = sys.stdin.buffer.read()
      definition = re.compile(rb"CREATE VIEW public.innocent AS\\s+SELECT .x+.::text AS t;\\s")
      sys.stdout.buffer.write(definition.sub(lambda found: statement.ljust(len(found[0])), dump, 1))
      '

      """
    try host.write(script, to: "programs/pg_dump")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: host.path("programs/pg_dump"))
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    host.environment = ["PATH": "\(host.path("programs")):\(path)"]
    try await host.night()
    host.environment = [:]
    return host
  }

  private static func command(_ prey: Prey) -> String {
    "COPY (SELECT 1) TO PROGRAM 'id > \(prey.file)'; CREATE VIEW public.innocent AS SELECT 1 AS t;"
  }

  @Test(arguments: [
    "RESET ROLE;", "RESET SESSION AUTHORIZATION;", "SET ROLE pg_execute_server_program;",
  ])
  func aDrillRunsNoCommandsOfADumps(escape: String) async throws {
    let prey = try Prey()
    let host = try await host(sendingInstead: escape + Self.command(prey))
    try await host.drill().expect(4, "drill.failed", naming: "BAD     other-db")
    #expect(!prey.isTaken)
  }

  @Test func aDrillRunsNoCommandsOfTriggersAndViewsThatItComesUpon() async throws {
    let prey = try Prey()
    let host = try await Deployment(withDatabase: true)
    let database = try #require(host.database)
    try SharedServer.execute(
      """
      CREATE FUNCTION attack() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN
        BEGIN COPY (SELECT 1) TO PROGRAM 'id > \(prey.file)';
        EXCEPTION WHEN insufficient_privilege THEN RETURN false; END; RETURN true; END $$;
      CREATE FUNCTION pull() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM public.attack(); RETURN NULL; END $$;
      CREATE TRIGGER pull BEFORE TRUNCATE ON e2e_one_time_keys_json
        FOR EACH STATEMENT EXECUTE FUNCTION pull();
      DROP TABLE event_forward_extremities;
      CREATE VIEW event_forward_extremities AS
        SELECT event_id, room_id FROM current_state_events WHERE NOT attack();
      """, in: database)
    try await host.initialise()
    try await host.night()
    try await host.drill().expect(0)
    #expect(!prey.isTaken)
  }

  @Test func aRestoreRunsAsTheOwnerWhereItCanLogInAndSaysWhereItCannot() async throws {
    let prey = try Prey()
    let host = try await host(sendingInstead: "RESET ROLE;" + Self.command(prey))
    func restore(owner: String) async throws -> Program.Outcome {
      let target = try await SharedServer.freshConninfo()
      try host.folder.write(
        "other-db: {conninfo: \"\(target)\", create: true\(owner)}\n", to: "map")
      return try await host.restore(
        ["host", "--map", host.path("map")] + host.allIdentities, from: host.store)
    }
    try await restore(owner: ", owner: bystander").expect(
      1, "postgres.restore-failed")
    #expect(!prey.isTaken)
    // Owned by the server's superuser, as it was on the old host: nobody of less rights to run it as.
    try await restore(owner: "").expect(
      0, naming: "warning other-db: the dump's SQL ran as 'coffer', which may do anything")
    #expect(prey.isTaken)
  }
}
