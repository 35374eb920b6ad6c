internal import FoundationEssentials
internal import Glibc
internal import Subprocess
internal import SystemPackage
internal import Vocabulary

/// Something of a backup that a restore did not put back.
package struct LeftOut: Sendable, Hashable {
  /// What it is, as `pg_restore --list` names it.
  package let name: String
  /// Why.
  package let reason: String
  /// What makes it, for a superuser to read and run; empty where it is too long to show.
  package let command: String

  private static let longestCommand = 600

  init(_ name: String, because reason: String, command: String) {
    self.name = name
    self.reason = reason
    let line = command.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    self.command = line.utf8.count <= Self.longestCommand ? line : ""
  }

  init(_ entry: ArchiveEntry, because reason: String) {
    self.init(
      "\(entry.kind) \(entry.schema.isEmpty ? "" : "\(entry.schema).")\(entry.tag)",
      because: reason, command: entry.definition)
  }
}

extension DatabaseRestore {
  /// The largest archive that is restored in one transaction: all it makes is locked until the end.
  static let mostEntriesInTransaction = 10_000

  /// Streams a dump into the target, after checking that it is empty.
  ///
  /// For a comparison `pg_restore` does all of a not too large archive in one transaction, which spares a
  /// server that replicates to nobody the log of what is loaded.
  /// What only a superuser may make is left out where the login is none; grants, comments and
  /// publications are tried one by one once everything else is there.
  /// - Parameters:
  ///   - owner: the role that is to own all that is made; nil for the user that connects.
  ///   - dumpMajor: `DatabaseFacts.serverMajor`; a server older than that is refused.
  ///   - searchPath: folders separated by colons; nil takes `PATH`.
  ///   - next: gives the dump piece by piece, nil at its end.
  /// - Returns: what was left out.
  /// - Throws: `OperatorError` `restore.target-not-empty`, `restore.older-server`,
  ///   `postgres.missing-program`, `postgres.dump-version`, `postgres.restore-failed` with the end
  ///   of what `pg_restore` said, or what `next` throws. What was restored until then stays.
  @discardableResult
  package func restore(
    owner: String? = nil, dumpMajor: Int? = nil, searchPath: String? = nil,
    reading next: () throws -> [UInt8]?
  ) async throws -> [LeftOut] {
    try requireEmpty()
    let major = try serverMajor()
    if let dumpMajor, dumpMajor > major {
      throw OperatorError(
        "restore.older-server", .failed,
        "the dump is of PostgreSQL \(dumpMajor), the target only of \(major)",
        hint: "restore on a server of major version \(dumpMajor) or later")
    }
    let program = try await PostgresProgram.find(
      "pg_restore", serverMajor: major, searchPath: searchPath)
    let contents = try ArchiveContents(reading: next)
    let connection = try PostgresConnection(target)
    defer { connection.close() }
    if let owner { try connection.execute("SET ROLE \(SQLText.identifier(owner))") }
    let selection = RestoreSelection(
      contents.entries, on: try RestoreSelection.Ground(connection))
    var begun = contents.taken.isEmpty ? nil : contents.taken
    try await run(
      program, owner: owner, only: contents.entries.isEmpty ? nil : selection.restored,
      inTransaction: purpose == .comparison
        && contents.entries.count <= Self.mostEntriesInTransaction
    ) {
      defer { begun = nil }
      return try begun ?? next()
    }
    return selection.leftOut.map {
      LeftOut($0, because: "only a superuser may make it, or what it needs")
    } + (try attempt(selection.attempted, connection))
  }

  private func run(
    _ program: PostgresProgram, owner: String?, only entries: [ArchiveEntry]?,
    inTransaction: Bool, reading next: () throws -> [UInt8]?
  ) async throws {
    var arguments = ["--exit-on-error", "--no-owner", "--no-password"]
    if let owner { arguments.append("--role=\(owner)") }
    if inTransaction { arguments.append("--single-transaction") }
    let list = FileManager.default.temporaryDirectory.appendingPathComponent(
      "coffer-use-list-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: list) }
    if let entries {
      let lines = entries.map { "\($0.id);\n" }.joined()
      try Data(lines.utf8).write(to: list, options: .withoutOverwriting)
      arguments.append("--use-list=\(list.path)")
    }
    arguments.append("--dbname=\(target)")
    // A pg_restore that dies must be an error to report, not a signal that ends this process.
    signal(SIGPIPE, SIG_IGN)
    let pipe = try ProgramPipe(toProgram: true)
    let result = try await Subprocess.run(
      .path(FilePath(program.path)), arguments: Arguments(arguments),
      environment: .inherit.updating(["LC_ALL": "C"]), platformOptions: .endedGently,
      input: .fileDescriptor(pipe.theirs, closeAfterSpawningProcess: true), output: .discarded,
      error: .fileDescriptor(pipe.theirErrors, closeAfterSpawningProcess: true)
    ) { _ in try pipe.write(next) }
    guard result.terminationStatus.isSuccess else {
      throw OperatorError(
        "postgres.restore-failed", .failed,
        "pg_restore failed (\(result.terminationStatus)): \(result.closureResult)",
        hint: "drop the database \(database) before trying again")
    }
  }

  /// Each in a transaction of its own, as the login.
  private func attempt(
    _ entries: [ArchiveEntry], _ connection: PostgresConnection
  ) throws -> [LeftOut] {
    try connection.execute("SELECT pg_catalog.set_config('search_path', '', false)")
    var leftOut: [LeftOut] = []
    for entry in entries {
      do {
        try connection.execute(entry.definition)
      } catch let error as OperatorError {
        guard try !hasItsOwnComment(entry, connection) else { continue }
        leftOut.append(LeftOut(entry, because: error.message))
      }
    }
    return leftOut
  }

  /// Only its owner may comment on an extension, but it brings a comment along, mostly that one.
  private func hasItsOwnComment(
    _ entry: ArchiveEntry, _ connection: PostgresConnection
  ) throws -> Bool {
    guard entry.kind == "COMMENT", entry.tag.hasPrefix("EXTENSION ") else { return false }
    let comment = try connection.value(
      """
      SELECT pg_catalog.obj_description(oid, 'pg_extension') FROM pg_catalog.pg_extension
      WHERE pg_catalog.quote_ident(extname) = $1 OR extname = $1
      """, [String(entry.tag.dropFirst("EXTENSION ".utf8.count))])
    return comment.map { entry.definition.contains(SQLText.literal($0)) } ?? false
  }
}
