internal import FoundationEssentials
internal import Glibc
internal import Subprocess
internal import SystemPackage
internal import Vocabulary

/// A PostgreSQL server of its own, made for a drill and gone afterwards.
///
/// It listens on a socket in a folder that only its account can enter, and nowhere else. It is fast
/// and unsafe: nothing is synced. `stop`, or the end of its owner, ends the server and removes all
/// of its files. What a process that was killed left behind is removed when the next cluster starts.
package final class ScratchCluster: Sendable {
  /// The folder that holds all of it.
  package var folder: String { scratch.path }
  /// The server's major version.
  package let major: Int

  /// Where a cluster is made where nobody says otherwise.
  package static let usualParent = "/tmp"

  private static let user = "coffer"
  private static let connections = 100
  /// Locks that there is room for: four for each entry of the largest archive that a transaction
  /// restores, for a table comes with another one for its long values, and that with an index.
  private static let locks = 4 * DatabaseRestore.mostEntriesInTransaction

  private let scratch: ScratchFolder

  private init(_ scratch: ScratchFolder, major: Int) {
    self.scratch = scratch
    self.major = major
  }

  deinit { stop() }

  /// Makes a cluster, with encoding UTF8 and locale C, and starts it.
  /// - Parameters:
  ///   - major: the major version; nil takes that of the programs in the search path.
  ///   - parent: the folder to make it in, with a short name because a socket's path is.
  ///   - searchPath: folders separated by colons, asked after Debian's; nil takes `PATH`.
  /// - Returns: the running cluster.
  /// - Throws: `OperatorError` `postgres.missing-server` where the server's programs are not there,
  ///   or `postgres.scratch-failed`; nothing is left behind then.
  package static func start(
    major: Int? = nil, in parent: String = usualParent, searchPath: String? = nil
  ) async throws -> ScratchCluster {
    let initdb = try await program("initdb", major: major, searchPath: searchPath)
    let control = try await program("pg_ctl", major: major, searchPath: searchPath)
    let account = ServiceAccount.needed()
    for place in Set([parent, Self.usualParent]) {
      ScratchFolder.removeLeftovers(in: place, of: account)
    }
    let found: Int = if let major { major } else { try await initdb.majorVersion() }
    let cluster = ScratchCluster(try ScratchFolder(in: parent, for: account), major: found)
    do {
      try await cluster.run(
        initdb, as: account,
        [
          "--pgdata=\(cluster.data)", "--username=\(user)", "--auth=trust", "--encoding=UTF8",
          "--locale=C", "--no-sync", "--no-instructions",
        ])
      try cluster.configure()
      try await cluster.run(
        control, as: account,
        [
          "start", "--wait", "--timeout=60", "--silent", "--pgdata=\(cluster.data)",
          "--log=\(cluster.folder)/log",
        ])
    } catch {
      cluster.stop()
      throw error
    }
    return cluster
  }

  /// Runs `body` with a cluster that is gone when it returns, throws, or is cancelled.
  /// - Parameters:
  ///   - major: as in `start`.
  ///   - parent: as in `start`.
  ///   - body: is lent the running cluster.
  /// - Returns: what `body` returns.
  /// - Throws: what `start` or `body` throws.
  package static func withCluster<R>(
    major: Int? = nil, in parent: String = usualParent,
    _ body: (ScratchCluster) async throws -> R
  ) async throws -> R {
    let cluster = try await start(major: major, in: parent)
    defer { cluster.stop() }
    return try await body(cluster)
  }

  /// Where to make a cluster so that it lies with other things.
  /// - Parameter folder: the folder to lie in.
  /// - Returns: it, or `usualParent` where a server of the account that it would run as cannot be
  ///   reached in there: behind a folder that is closed to others, or at the end of a long path.
  package static func place(within folder: String) -> String {
    ScratchFolder.isPossible(in: folder, for: ServiceAccount.needed()) ? folder : usualParent
  }

  /// The connection string of one of its databases, as its superuser.
  /// - Parameter database: the database's name.
  /// - Returns: the string, without a password because none is needed.
  package func conninfo(database: String = "postgres") -> String {
    let escaped = database.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
    return "host='\(folder)' port=5432 user=\(Self.user) dbname='\(escaped)'"
  }

  /// Ends the server at once and removes all its files; may be called again.
  package func stop() {
    scratch.remove()
  }

  private var data: String { ScratchFolder.data(in: folder) }

  private func configure() throws {
    let settings = """

      listen_addresses = ''
      port = 5432
      unix_socket_directories = '\(folder)'
      unix_socket_permissions = 0700
      fsync = off
      full_page_writes = off
      synchronous_commit = off
      wal_level = minimal
      max_wal_senders = 0
      max_connections = \(Self.connections)
      max_locks_per_transaction = \(Self.locks / Self.connections)
      autovacuum = off
      dynamic_shared_memory_type = mmap
      timezone = 'UTC'

      """
    let file = try FileDescriptor.open(
      FilePath("\(data)/postgresql.conf"), .writeOnly, options: .append)
    try file.closeAfter { _ = try file.writeAll(settings.utf8) }
  }

  private func run(
    _ program: PostgresProgram, as account: ServiceAccount?, _ arguments: [String]
  ) async throws {
    // The server outlives pg_ctl and would hold a pipe open: what it says is in the log.
    let command = ServiceAccount.command([program.path] + arguments, as: account)
    let result = try await Subprocess.run(
      .path(FilePath(command[0])), arguments: Arguments(Array(command.dropFirst())),
      environment: .inherit.updating(["LC_ALL": "C", "PGDATA": nil, "PGOPTIONS": nil]),
      workingDirectory: FilePath(folder), platformOptions: ServiceAccount.session,
      output: .discarded, error: .string(limit: 1 << 20))
    guard result.terminationStatus.isSuccess else {
      let log = FileManager.default.contents(atPath: "\(folder)/log").map {
        String(decoding: $0, as: UTF8.self)
      }
      let said = (result.standardError + (log ?? "")).split(separator: "\n").suffix(3)
      throw OperatorError(
        "postgres.scratch-failed", .failed,
        "\(program.name) could not make a scratch server: \(said.joined(separator: "; "))")
    }
  }

  private static func program(
    _ name: String, major: Int?, searchPath: String?
  ) async throws -> PostgresProgram {
    // Debian keeps the server's programs out of PATH, one folder a major version.
    let debian = major.map { PostgresProgram.folder(of: $0) }
    let candidates = [
      debian.flatMap { PostgresProgram.locate(name, searchPath: $0) },
      PostgresProgram.locate(name, searchPath: searchPath),
      major == nil ? PostgresProgram.newestServer(name) : nil,
    ]
    for path in candidates.compactMap({ $0 }) {
      let program = PostgresProgram(name: name, path: path)
      guard let major else { return program }
      if try await program.majorVersion() == major { return program }
    }
    let wanted = major.map { " \($0)" } ?? ""
    throw OperatorError(
      "postgres.missing-server", .missingProgram,
      "there is no PostgreSQL\(wanted) server to drill with: \(name) is missing",
      hint: "install the package postgresql\(major.map { "-\($0)" } ?? "")")
  }
}
