internal import Glibc
internal import Subprocess
internal import SystemPackage
internal import Vocabulary

/// One of PostgreSQL's own programs, found and of the right major version.
struct PostgresProgram: Sendable {
  /// The program's name, for example `pg_dump`.
  let name: String
  /// The file that is run.
  let path: String

  /// Finds a program in the search path and asks it for its version.
  /// - Parameters:
  ///   - name: the program.
  ///   - serverMajor: the major version it must have.
  ///   - searchPath: folders separated by colons; nil takes `PATH`.
  /// - Returns: the program.
  /// - Throws: `OperatorError` `postgres.missing-program`, or `postgres.dump-version` where its
  ///   major version is another.
  static func find(
    _ name: String, serverMajor: Int, searchPath: String?
  ) async throws -> PostgresProgram {
    guard let path = locate(name, searchPath: searchPath) else {
      throw OperatorError(
        "postgres.missing-program", .missingProgram, "there is no \(name) in the search path",
        hint: Self.folderHint(serverMajor)
          ?? "install the package postgresql-client-\(serverMajor)")
    }
    let program = PostgresProgram(name: name, path: behindWrapper(path, serverMajor) ?? path)
    let major = try await program.majorVersion()
    guard major == serverMajor else {
      throw OperatorError(
        "postgres.dump-version", .failed,
        "\(program.path) is of major version \(major), the server is \(serverMajor): they must be the same",
        hint: Self.folderHint(serverMajor)
          ?? "install the package postgresql-client-\(serverMajor)")
    }
    return program
  }

  /// Asks the program for its major version.
  /// - Returns: the number before the first point.
  /// - Throws: `OperatorError` `postgres.dump-version` where it gives none.
  func majorVersion() async throws -> Int {
    let result = try await run(
      .path(FilePath(path)), arguments: ["--version"], output: .string(limit: 4096),
      error: .discarded)
    // "pg_dump (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)"
    let words = result.standardOutput.split(separator: " ")
    guard let place = words.firstIndex(of: "(PostgreSQL)"), words.count > place + 1,
      let major = Int(words[place + 1].prefix { $0.isNumber })
    else {
      throw OperatorError(
        "postgres.dump-version", .failed, "\(path) does not tell its version",
        hint: "`\(path) --version` should print \"\(name) (PostgreSQL) …\"")
    }
    return major
  }

  /// Finds an executable file in the search path.
  static func locate(_ name: String, searchPath: String?) -> String? {
    let folders = searchPath ?? environment("PATH") ?? "/usr/bin:/bin"
    return folders.split(separator: ":").map { "\($0)/\(name)" }
      .first { unsafe access($0, X_OK) == 0 }
  }

  /// The folder Debian keeps a major version's programs in.
  static func folder(of major: Int) -> String { "/usr/lib/postgresql/\(major)/bin" }

  /// Finds a server's program of the newest version that Debian's folders hold.
  static func newestServer(_ name: String) -> String? {
    (14...40).reversed().lazy.map { "\(folder(of: $0))/\(name)" }
      .first { unsafe access($0, X_OK) == 0 }
  }

  /// Debian's names in the search path are a Perl script that chooses among the versions by its own
  /// rules; which one is needed is known here.
  private static func behindWrapper(_ path: String, _ major: Int) -> String? {
    guard let file = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(file) }
    guard unsafe String(cString: file).hasSuffix("/pg_wrapper") else { return nil }
    let program = "\(folder(of: major))/\(path.split(separator: "/").last ?? "")"
    return unsafe access(program, X_OK) == 0 ? program : nil
  }

  private static func folderHint(_ major: Int) -> String? {
    let folder = folder(of: major)
    guard unsafe access(folder, X_OK) == 0 else { return nil }
    return "put \(folder) first in PATH"
  }

  private static func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
  }
}
