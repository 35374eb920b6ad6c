import Glibc
import PostgreSQL
import Synchronization
import SystemPackage

/// One PostgreSQL 15 for all sessions, run by an unprivileged account where the proofs are root's,
/// started by the first that asks and ended with the process; each session has its own databases.
enum SharedServer {
  private static let running = Mutex<ScratchCluster?>(nil)
  private static let number = Atomic<Int>(0)
  private static let started = Task {
    let cluster = try await ScratchCluster.start(major: 15)
    running.withLock { $0 = cluster }
    atexit { SharedServer.running.withLock { $0?.stop() } }
    try askForPasswords(cluster)
    return cluster
  }

  /// The connection string of a new database, filled with `sql`.
  static func database(_ sql: String = "") async throws -> String {
    let conninfo = try await freshConninfo()
    let name = try ConnectionInfo(conninfo).database ?? ""
    try await execute("CREATE DATABASE \(name) TEMPLATE template0")
    if !sql.isEmpty { try execute(sql, in: conninfo) }
    return conninfo
  }

  /// The connection string of a database that is not there yet.
  static func freshConninfo() async throws -> String {
    let name = "session_\(number.add(1, ordering: .relaxed).newValue)"
    return try await started.value.conninfo(database: name)
  }

  /// The connection string of a role that is let in with a password only.
  static func conninfoThatAsks(like conninfo: String) async throws -> String {
    let database = try ConnectionInfo(conninfo).database ?? ""
    return "host='\(try await started.value.folder)' port=5432 user=asked dbname=\(database)"
  }

  static func execute(_ sql: String, in conninfo: String) throws {
    let connection = try PostgresConnection(conninfo: conninfo)
    defer { connection.close() }
    try connection.execute(sql)
  }

  static func value(_ sql: String, in conninfo: String) throws -> String? {
    let connection = try PostgresConnection(conninfo: conninfo)
    defer { connection.close() }
    return try connection.value(sql)
  }

  private static func execute(_ sql: String) async throws {
    try execute(sql, in: await started.value.conninfo())
  }

  private static func askForPasswords(_ cluster: ScratchCluster) throws {
    let admin = try PostgresConnection(conninfo: cluster.conninfo())
    defer { admin.close() }
    try admin.execute("CREATE ROLE asked LOGIN PASSWORD 'right'; CREATE ROLE rejected LOGIN")
    let file = FilePath("\(cluster.folder)/data/pg_hba.conf")
    let rules = "local all asked scram-sha-256\nlocal all rejected reject\nlocal all all trust\n"
    let hba = try FileDescriptor.open(file, .writeOnly, options: .truncate)
    try hba.closeAfter { _ = try hba.writeAll(rules.utf8) }
    try admin.execute("SELECT pg_reload_conf()")
    // The postmaster reads the file when it gets round to it, and says nothing.
    let rejected = "host='\(cluster.folder)' port=5432 user=rejected dbname=postgres"
    while (try? PostgresConnection(conninfo: rejected)) != nil { usleep(2000) }
  }
}
