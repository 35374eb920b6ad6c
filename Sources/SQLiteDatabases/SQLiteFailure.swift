internal import GRDB
internal import Glibc
internal import SystemPackage
internal import Vocabulary

/// Turns what SQLite reports into what an operator can act on.
enum SQLiteFailure {
  /// Says that there is no such file, which SQLite would call "unable to open".
  static func checkPresence(of path: FilePath) throws {
    do {
      try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking]).close()
    } catch Errno.noSuchFileOrDirectory {
      throw OperatorError(
        "sqlite.missing", .failed, "there is no database at \(path)",
        hint: "check the source's `path`")
    } catch {
      throw OperatorError("sqlite.failed", .failed, "cannot read \(path): \(error)")
    }
  }

  /// Runs `body`, and explains SQLite's errors as being about `path`.
  static func explain<Result>(_ path: FilePath, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as DatabaseError {
      throw explain(path, error)
    } catch let error as Errno {
      throw OperatorError("sqlite.failed", .failed, "cannot read or copy \(path): \(error)")
    }
  }

  private static func explain(_ path: FilePath, _ error: DatabaseError) -> OperatorError {
    switch (error.extendedResultCode, error.resultCode) {
    case (.SQLITE_READONLY_ROLLBACK, _):
      OperatorError(
        "sqlite.hot-journal", .failed,
        "\(path) was left in the middle of a change by a crash, and a backup must not repair it",
        hint: "start its daemon once, it will roll the change back; then run again")
    case (_, .SQLITE_BUSY), (_, .SQLITE_LOCKED):
      OperatorError(
        "sqlite.busy", .failed, "\(path) stayed locked by another program",
        hint: "see which program holds it, for example with `fuser`")
    case (_, .SQLITE_NOTADB):
      OperatorError("sqlite.not-a-database", .failed, "\(path) is not an SQLite database")
    case (_, .SQLITE_CORRUPT):
      OperatorError(
        "sqlite.damaged", .mismatch, "\(path) is damaged: \(error.message ?? "")",
        hint: "the database itself is damaged, not the backup; keep the last good snapshot")
    default:
      OperatorError(
        "sqlite.failed", .failed,
        "SQLite failed on \(path): \(error.message ?? "error \(error.resultCode)")")
    }
  }
}

/// Takes away what a failed copy leaves.
enum FileRemoval {
  static func remove(_ path: FilePath) throws {
    let result = unsafe path.withPlatformString { unsafe unlink($0) }
    if result != 0 { throw Errno(rawValue: errno) }
  }
}
