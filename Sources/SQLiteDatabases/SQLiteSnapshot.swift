internal import GRDB
package import SystemPackage
internal import Vocabulary

/// Copies a living SQLite database as it is at one moment.
package enum SQLiteSnapshot {
  /// How often a busy database is asked again, each time for `patience`.
  private static let attempts = 5
  /// Seconds one attempt waits for a lock.
  private static let patience = 10.0

  /// Copies a database through SQLite's online backup, while its daemon may go on writing.
  ///
  /// The source is opened read-only and its content never changed. All pages are copied in one step
  /// under one read lock, so that no writer can make the copy start again; with a rollback journal a
  /// writer waits for that long, with a write-ahead log it does not. A
  /// WAL database that no program has open is copied as a file, for SQLite would leave files beside it.
  /// - Parameters:
  ///   - source: the database file; UTF-8 paths only, as SQLite takes no others.
  ///   - copy: where the copy goes; nothing may be there. It is made with mode 0600 before the first
  ///     byte, checked with `PRAGMA quick_check`, and removed again where anything fails.
  /// - Returns: the figures of the copy.
  /// - Throws: `OperatorError` `sqlite.missing`, `sqlite.not-a-database`, `sqlite.busy`,
  ///   `sqlite.hot-journal`, `sqlite.damaged`, `sqlite.copy-exists` or `sqlite.failed`.
  package static func take(of source: FilePath, into copy: FilePath) throws -> SQLiteFacts {
    try SQLiteFailure.explain(source) {
      try SQLiteFailure.checkPresence(of: source)
    }
    try makePrivateFile(copy)
    do {
      var attempt = 1
      while true {
        do {
          return try SQLiteFailure.explain(source) { try transfer(source, copy) }
        } catch let error as OperatorError where error.code == "sqlite.busy" {
          if attempt == attempts { throw error }
          attempt += 1
        }
      }
    } catch {
      for suffix in ["", "-journal", "-wal", "-shm"] {
        try? FileRemoval.remove(FilePath(copy.string + suffix))
      }
      throw error
    }
  }

  /// Looks whether a file is a database that can be copied, and changes nothing.
  ///
  /// It reads the schema; of a WAL database that no program has open, and of one that is locked just
  /// now, the header alone.
  /// - Parameter source: the database file.
  /// - Throws: `OperatorError` `sqlite.missing`, `sqlite.not-a-database`, `sqlite.hot-journal`,
  ///   `sqlite.damaged` or `sqlite.failed`.
  package static func check(_ source: FilePath) throws {
    do {
      try readSchema(of: source)
    } catch let error as OperatorError where error.code == "sqlite.busy" {
      // A lock is no reason to call a night hopeless, but only a database can be locked.
      guard try RestingDatabase.header(of: source) == nil else { return }
      throw OperatorError(
        "sqlite.not-a-database", .failed, "\(source) is not an SQLite database")
    }
  }

  private static func readSchema(of source: FilePath) throws {
    try SQLiteFailure.explain(source) {
      try SQLiteFailure.checkPresence(of: source)
      guard try !RestingDatabase.isThere(source) else { return }
      var reading = Configuration()
      reading.label = "coffer source"
      reading.readonly = true
      reading.busyMode = .immediateError
      let queue = try DatabaseQueue(path: source.string, configuration: reading)
      defer { try? queue.close() }
      _ = try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_master") }
    }
  }

  private static func transfer(_ source: FilePath, _ copy: FilePath) throws -> SQLiteFacts {
    var reading = Configuration()
    reading.label = "coffer source"
    reading.readonly = true
    reading.busyMode = .timeout(patience)
    var writing = Configuration()
    writing.label = "coffer copy"
    let isCopied = try RestingDatabase.copy(source, into: copy)
    let to = try DatabaseQueue(path: copy.string, configuration: writing)
    if !isCopied {
      let from = try DatabaseQueue(path: source.string, configuration: reading)
      try from.backup(to: to)
      try from.close()
    }
    let facts = try to.writeWithoutTransaction { try SQLiteFacts.gather($0, of: copy) }
    // The last connection takes a log and its index away with it: the copy is one file.
    try to.close()
    return facts
  }

  private static func makePrivateFile(_ copy: FilePath) throws {
    do {
      let file = try FileDescriptor.open(
        copy, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec, .noFollow],
        permissions: .ownerReadWrite)
      try file.close()
    } catch Errno.fileExists {
      throw OperatorError(
        "sqlite.copy-exists", .failed, "\(copy) is in the way of a copy of a database",
        hint: "remove it if no other run is making it")
    } catch {
      throw OperatorError("sqlite.failed", .failed, "cannot make \(copy): \(error)")
    }
  }
}
