import Foundation
import GRDB
package import Repository
package import SystemPackage
import Vocabulary

/// What the host remembers between nights, in SQLite.
///
/// All of it can be rebuilt from the store with the index identities, but for the list of unchanged
/// files, which a run makes anew by reading them.
package final class CatalogDatabase {
  /// Where each chunk is; its files lie beside the database.
  let chunks: ChunkTable
  private let queue: DatabaseQueue
  private let path: FilePath
  private var lastPack: Int64

  /// Opens the catalog, and makes it where there is none.
  ///
  /// - Throws: `catalog.damaged` where the file is no catalog of ours.
  package init(_ path: FilePath) throws {
    self.path = path
    var configuration = Configuration()
    configuration.prepareDatabase { db in
      try db.execute(
        sql: """
          PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8192;
          PRAGMA temp_store = MEMORY;
          """)
    }
    do {
      queue = try DatabaseQueue(path: path.string, configuration: configuration)
      try Self.migrations.migrate(queue)
      chunks = try queue.write { try ChunkTable(in: FilePath(path.string + ".chunks"), of: $0) }
      lastPack = try queue.read { db in
        try Int64.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'packs'") ?? 0
      }
    } catch {
      throw Self.explain(error, path)
    }
  }

  /// Only a file that is no sound database counts as damaged: it is moved away and made anew, which
  /// must not happen to a good one on a full disk.
  private static func explain(_ error: any Error, _ path: FilePath) -> any Error {
    let isFull: Bool
    switch error {
    case let error as DatabaseError
    where [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode):
      return OperatorError(
        "catalog.damaged", .failed, "the catalog \(path) is damaged: \(error)",
        hint: "move it away: the next run rebuilds it from the store")
    case let error as DatabaseError: isFull = error.resultCode == .SQLITE_FULL
    case let error as Errno: isFull = [.noSpace, .diskQuotaExceeded].contains(error)
    case let error as CocoaError: isFull = error.code == .fileWriteOutOfSpace
    default: return error
    }
    return isFull
      ? OperatorError(
        "state.full", .failed, "no space left for the catalog \(path)",
        hint: "free space on the state folder's disk, then run again")
      : OperatorError("catalog.failed", .failed, "the catalog \(path) cannot be used: \(error)")
  }

  private static let tables = [
    "facts", "packs", "chunk_runs", "objects", "compartments", "source_packs", "files",
  ]

  private static var migrations: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { db in
      try db.execute(
        sql: """
          CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
          -- AUTOINCREMENT: a pack's number is never used twice.
          CREATE TABLE packs (
            id INTEGER PRIMARY KEY AUTOINCREMENT, compartment TEXT NOT NULL, name BLOB NOT NULL,
            size INTEGER NOT NULL, header_size INTEGER NOT NULL, header_sha256 BLOB NOT NULL,
            snapshot TEXT, record BLOB);
          CREATE TABLE chunks (id BLOB PRIMARY KEY, pack INTEGER NOT NULL) WITHOUT ROWID;
          CREATE INDEX chunks_of_pack ON chunks (pack);
          CREATE TABLE objects (
            name TEXT PRIMARY KEY, size INTEGER NOT NULL, sha256 BLOB NOT NULL) WITHOUT ROWID;
          CREATE TABLE source_packs (
            source TEXT NOT NULL, pack INTEGER NOT NULL, PRIMARY KEY (source, pack)) WITHOUT ROWID;
          CREATE TABLE files (
            source TEXT NOT NULL, folder BLOB NOT NULL, name BLOB NOT NULL, stamp BLOB NOT NULL,
            line BLOB NOT NULL, packs BLOB NOT NULL,
            PRIMARY KEY (source, folder, name)) WITHOUT ROWID;
          """)
    }
    // Nothing of a catalog of version 1 says for whom its packs were sealed, or in which compartment
    // its files were read: it is emptied, and the next run rebuilds it.
    migrator.registerMigration("2") { db in
      try db.execute(
        sql: """
          DELETE FROM facts; DELETE FROM packs; DELETE FROM chunks; DELETE FROM objects;
          DROP TABLE source_packs; DROP TABLE files;
          CREATE TABLE compartments (
            name TEXT PRIMARY KEY, chunk_id_key TEXT NOT NULL, recipients TEXT NOT NULL
          ) WITHOUT ROWID;
          CREATE TABLE source_packs (
            compartment TEXT NOT NULL, source TEXT NOT NULL, pack INTEGER NOT NULL,
            PRIMARY KEY (compartment, source, pack)) WITHOUT ROWID;
          CREATE INDEX sources_of_pack ON source_packs (pack);
          CREATE TABLE files (
            compartment TEXT NOT NULL, source TEXT NOT NULL, folder BLOB NOT NULL,
            name BLOB NOT NULL, stamp BLOB NOT NULL, line BLOB NOT NULL, packs BLOB NOT NULL,
            PRIMARY KEY (compartment, source, folder, name)) WITHOUT ROWID;
          """)
    }
    // Chunks moved out of the database, to files that ten million of them can be looked up in. The
    // ids of published packs are in the store's indexes: the next run rebuilds the catalog from them.
    migrator.registerMigration("3") { db in
      try db.execute(
        sql: """
          DELETE FROM facts; DELETE FROM packs; DELETE FROM objects; DELETE FROM compartments;
          DELETE FROM source_packs; DELETE FROM files;
          DROP TABLE chunks;
          ALTER TABLE packs ADD COLUMN in_run INTEGER NOT NULL DEFAULT 0;
          CREATE TABLE chunk_runs (
            number INTEGER PRIMARY KEY AUTOINCREMENT, entries INTEGER NOT NULL, sha256 BLOB NOT NULL);
          """)
    }
    return migrator
  }

  /// Changes the catalog in one transaction, durable when the call returns.
  func write<Result>(_ body: (Database) throws -> Result) throws -> Result {
    try explaining {
      do {
        return try queue.write(body)
      } catch {
        // What the transaction told the table of chunks never happened.
        try? queue.read { try chunks.load($0) }
        throw error
      }
    }
  }

  /// Reads the catalog in one transaction.
  func read<Result>(_ body: (Database) throws -> Result) throws -> Result {
    try explaining { try queue.read(body) }
  }

  /// Reads outside any transaction: for look-ups that come by the hundred thousand.
  func look<Result>(_ body: (Database) throws -> Result) throws -> Result {
    try explaining { try queue.inDatabase(body) }
  }

  /// The pack of a compartment that holds a chunk.
  ///
  /// - Throws: `catalog.failed`.
  func pack(
    holding chunk: ChunkID, in compartment: ChunkTable.CompartmentNumber
  ) throws -> Int64? {
    try explaining { try chunks.pack(holding: chunk, in: compartment) }
  }

  private func explaining<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch {
      throw Self.explain(error, path)
    }
  }

  /// A number for the next pack, never given twice.
  func reservePack() -> Int64 {
    lastPack += 1
    return lastPack
  }

  /// Keeps numbers from being given that packs of a rebuilt catalog took.
  func skipPacks(upTo number: Int64) {
    lastPack = max(lastPack, number)
  }

  /// The head of the ledger after the last run that this catalog saw.
  package func head() throws -> LedgerHead? {
    let text = try read { db in
      try String.fetchOne(db, sql: "SELECT value FROM facts WHERE name = 'head'")
    }
    guard let text else { return nil }
    return try JSONDocument.decode(LedgerHead.self, from: Array(text.utf8))
  }

  static func setHead(_ head: LedgerHead, _ db: Database) throws {
    let text = String(decoding: try JSONDocument.line(head), as: UTF8.self)
    try db.execute(sql: "INSERT OR REPLACE INTO facts VALUES ('head', ?)", arguments: [text])
  }

  /// Empties the catalog, to be filled from the store.
  package func clear() throws {
    try write { db in
      for table in Self.tables {
        try db.execute(sql: "DELETE FROM \(table)")
      }
      try chunks.load(db)
    }
  }
}
