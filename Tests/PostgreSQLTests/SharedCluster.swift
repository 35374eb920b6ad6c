import Glibc
import PostgreSQL
import Synchronization
import SystemPackage
import Vocabulary

/// One PostgreSQL 15 for all tests of this run, started by the first that asks and ended with the
/// process; each test has databases of its own in it.
enum SharedCluster {
  private static let running = Mutex<ScratchCluster?>(nil)
  private static let number = Atomic<Int>(0)
  private static let started = Task {
    let cluster = try await ScratchCluster.start(major: 15)
    running.withLock { $0 = cluster }
    atexit { SharedCluster.running.withLock { $0?.stop() } }
    try askForPasswords(cluster)
    return cluster
  }

  /// Lets role `asked` in with a password only, and role `rejected` not at all.
  private static func askForPasswords(_ cluster: ScratchCluster) throws {
    let admin = try PostgresConnection(conninfo: cluster.conninfo())
    try admin.execute("CREATE ROLE asked LOGIN PASSWORD 'right'; CREATE ROLE rejected LOGIN")
    let file = FilePath("\(cluster.folder)/data/pg_hba.conf")
    let rules = "local all asked scram-sha-256\nlocal all rejected reject\nlocal all all trust\n"
    let hba = try FileDescriptor.open(file, .writeOnly, options: .truncate)
    try hba.closeAfter { _ = try hba.writeAll(rules.utf8) }
    try admin.execute("SELECT pg_reload_conf()")
    // The postmaster reads the file when it gets round to it, and says nothing.
    let asRejected = "host='\(cluster.folder)' port=5432 user=rejected dbname=postgres"
    while (try? PostgresConnection(conninfo: asRejected)) != nil { usleep(2000) }
  }

  static func cluster() async throws -> ScratchCluster { try await started.value }

  /// A name no other test uses.
  static func freshName(_ prefix: String = "t") -> String {
    "\(prefix)_\(number.add(1, ordering: .relaxed).newValue)"
  }

  /// The connection string of a new database, filled with `sql`.
  static func database(_ sql: String = "") async throws -> String {
    let cluster = try await cluster()
    let name = freshName()
    let admin = try PostgresConnection(conninfo: cluster.conninfo())
    try admin.execute("CREATE DATABASE \(name) TEMPLATE template0")
    let conninfo = cluster.conninfo(database: name)
    if !sql.isEmpty { try PostgresConnection(conninfo: conninfo).execute(sql) }
    return conninfo
  }
}

/// A dump in memory with all that was learned while it was made.
struct SavedDatabase {
  var archive: [UInt8] = []
  var figures: ContentFigures
  var facts: DatabaseFacts

  /// Dumps a database as a night does: snapshot, facts, dump with the observer looking on.
  static func save(
    _ conninfo: String, profile: DatabaseProfile = .plain,
    beforeDump: () throws -> Void = {}
  ) async throws -> SavedDatabase {
    let snapshot = try ExportedSnapshot(conninfo: conninfo)
    let facts = try DatabaseFacts.gather(in: snapshot)
    try beforeDump()
    let program = try await DumpProgram(serverVersion: snapshot.connection.serverVersion)
    var observer = DumpArchiveObserver()
    var archive: [UInt8] = []
    try await program.dump(
      conninfo, snapshot: snapshot.id, encoding: facts.locale.encoding,
      excludedData: profile.excludedData
    ) { slice in
      observer.observe(slice)
      unsafe slice.withUnsafeBytes { unsafe archive.append(contentsOf: $0) }
    }
    return SavedDatabase(archive: archive, figures: try observer.finish(), facts: facts)
  }

  /// Restores into a new database of the shared cluster.
  /// - Returns: its connection string.
  func restore(
    profile: DatabaseProfile = .plain, for purpose: DatabaseRestore.Purpose = .service
  ) async throws -> String {
    let conninfo = try await SharedCluster.cluster().conninfo(
      database: SharedCluster.freshName("restored"))
    let restore = try DatabaseRestore(conninfo: conninfo, for: purpose)
    _ = try restore.create(
      owner: facts.owner, locale: profile.locale ?? facts.locale, roles: facts.roles)
    try await restore.restore(
      owner: facts.owner, dumpMajor: facts.serverMajor, reading: pieces(of: archive))
    try restore.finish(profile)
    return conninfo
  }
}

/// Gives bytes piece by piece, as a restore reads them.
func pieces(of bytes: [UInt8], size: Int = 100_000) -> () -> [UInt8]? {
  var rest = bytes[...]
  return {
    guard !rest.isEmpty else { return nil }
    defer { rest = rest.dropFirst(size) }
    return Array(rest.prefix(size))
  }
}

/// Takes the figures of a live database.
func census(
  _ conninfo: String, like expected: ContentFigures? = nil
) throws -> ContentFigures {
  try TableCensus(PostgresConnection(conninfo: conninfo)).figures(like: expected)
}
