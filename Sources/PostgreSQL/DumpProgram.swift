internal import Subprocess
internal import SystemPackage
internal import Vocabulary

/// `pg_dump` of the server's own major version.
///
/// Another major is refused before anything runs: an older one cannot read the server, and the dump
/// of a newer one may need a newer server to be restored on.
package struct DumpProgram: Sendable {
  private let program: PostgresProgram

  /// Finds the program.
  /// - Parameters:
  ///   - serverVersion: `PostgresConnection.serverVersion`.
  ///   - searchPath: folders separated by colons; nil takes `PATH`.
  /// - Throws: `OperatorError` `postgres.missing-program` or `postgres.dump-version`.
  package init(serverVersion: Int, searchPath: String? = nil) async throws {
    program = try await PostgresProgram.find(
      "pg_dump", serverMajor: serverVersion / 10000, searchPath: searchPath)
  }

  /// Streams a dump in the custom format, uncompressed, as it is at the snapshot's moment.
  ///
  /// Times are written in UTC and text in the database's own encoding, whatever the environment
  /// says. The slices have any size up to that of a pipe's buffer. Where `consume` throws, or the
  /// task is cancelled, `pg_dump` is ended and waited for before the error is passed on.
  /// - Parameters:
  ///   - conninfo: the database; a password in it is refused.
  ///   - snapshot: `ExportedSnapshot.id`; nil dumps the present.
  ///   - encoding: `DatabaseFacts.locale.encoding`.
  ///   - excludedData: tables, in any schema, whose rows are left out.
  ///   - consume: is lent one slice after the other.
  /// - Throws: `OperatorError` `postgres.dump-failed` with the end of what `pg_dump` said, or what
  ///   `consume` throws.
  package func dump(
    _ conninfo: String, snapshot: String?, encoding: String? = nil, excludedData: [String] = [],
    into consume: (RawSpan) throws -> Void
  ) async throws {
    var arguments = ["--format=custom", "--compress=0", "--no-password"]
    if let snapshot { arguments.append("--snapshot=\(snapshot)") }
    if let encoding { arguments.append("--encoding=\(encoding)") }
    for table in excludedData {
      arguments.append("--exclude-table-data=*.\(SQLText.identifier(table))")
    }
    arguments.append("--dbname=\(try ConnectionInfo(conninfo))")
    let pipe = try ProgramPipe(toProgram: false)
    let result = try await run(
      .path(FilePath(program.path)), arguments: Arguments(arguments),
      environment: .inherit.updating(["PGTZ": "UTC", "LC_ALL": "C"]),
      platformOptions: .endedGently, input: .none,
      output: .fileDescriptor(pipe.theirs, closeAfterSpawningProcess: true),
      error: .fileDescriptor(pipe.theirErrors, closeAfterSpawningProcess: true)
    ) { _ in try pipe.read(consume) }
    guard result.terminationStatus.isSuccess else {
      throw OperatorError(
        "postgres.dump-failed", .failed,
        "pg_dump failed (\(result.terminationStatus)): \(result.closureResult)")
    }
  }
}

extension PlatformOptions {
  /// A program that is not needed any more is asked first: it then cancels what it asked of the
  /// server.
  static var endedGently: PlatformOptions {
    var options = PlatformOptions()
    options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(2))]
    return options
  }
}
