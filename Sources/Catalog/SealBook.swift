import Foundation
import GRDB
package import Repository
package import Vocabulary

/// The catalog's part in keeping a compartment's seal: what was stored under another one is forgotten.
package struct SealBook {
  private let catalog: CatalogDatabase

  package init(_ catalog: CatalogDatabase) {
    self.catalog = catalog
  }

  /// The seal of everything that is known of a compartment, or nil where none is noted.
  package func seal(of compartment: CompartmentName) throws -> CompartmentSeal? {
    try catalog.read { db in
      try Row.fetchOne(
        db, sql: "SELECT chunk_id_key, recipients FROM compartments WHERE name = ?",
        arguments: [compartment.text]
      ).map { CompartmentSeal(name: compartment, chunkIDKey: $0[0], recipients: $0[1]) }
    }
  }

  /// Goes on with a compartment under another seal: forgets its packs but those that are sealed so, too.
  ///
  /// - Parameters:
  ///   - seal: the new seal; its chunk-id key is the one before.
  ///   - isSealedSo: whether somebody rewrapped a published pack under it, and the index that describes it.
  /// - Returns: how many packs stay, and how many are forgotten.
  /// - Throws: what SQLite says.
  package func move(
    to seal: CompartmentSeal, keeping isSealedSo: (_ pack: SHA256Digest, SnapshotID) -> Bool
  ) throws -> (kept: Int, forgotten: Int) {
    try catalog.write { db in
      let rows = try Row.fetchAll(
        db, sql: "SELECT id, name, snapshot FROM packs WHERE compartment = ?",
        arguments: [seal.name.text])
      let forgotten = rows.filter { row in
        guard let name = SHA256Digest(bytes: [UInt8](row[1] as Data)),
          let snapshot = (row[2] as String?).flatMap({ SnapshotID($0) })
        else { return true }
        return !isSealedSo(name, snapshot)
      }
      try SnapshotBook.drop(forgotten.map { PackHandle($0[0]) }, catalog.chunks, db)
      try Self.note([seal], db)
      return (rows.count - forgotten.count, forgotten.count)
    }
  }

  /// Starts a compartment anew: forgets its packs, chunks and files, and notes the seal.
  ///
  /// - Returns: whether anything of it was known.
  package func start(_ seal: CompartmentSeal) throws -> Bool {
    try catalog.write { db in
      let arguments: StatementArguments = [seal.name.text]
      let packs = try Int64.fetchAll(
        db, sql: "SELECT id FROM packs WHERE compartment = ?", arguments: arguments)
      try SnapshotBook.drop(packs.map { PackHandle($0) }, catalog.chunks, db)
      try db.execute(
        sql: "DELETE FROM source_packs WHERE compartment = ?", arguments: arguments)
      try db.execute(sql: "DELETE FROM files WHERE compartment = ?", arguments: arguments)
      try Self.note([seal], db)
      return !packs.isEmpty
    }
  }

  static func note(_ seals: [CompartmentSeal], _ db: Database) throws {
    for seal in seals {
      try db.execute(
        sql: "INSERT OR REPLACE INTO compartments VALUES (?, ?, ?)",
        arguments: [seal.name.text, seal.chunkIDKey, seal.recipients])
    }
  }
}
