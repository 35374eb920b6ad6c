import Foundation
import GRDB
package import Repository
package import Vocabulary

/// The catalog's part in finishing a snapshot: which packs it needs, which are new, which are not
/// needed any more; and the catalog's own rebuilding.
package struct SnapshotBook {
  /// A pack that no ledger entry names yet.
  package struct PendingPack {
    package let handle: PackHandle
    package let name: SHA256Digest
    package let size: Int
    package let headerSize: Int
    package let headerSHA256: SHA256Digest
  }

  private let catalog: CatalogDatabase

  package init(_ catalog: CatalogDatabase) {
    self.catalog = catalog
  }

  /// Notes which packs a source's content now lies in.
  package func note(
    _ source: SourceName, of compartment: CompartmentName, uses packs: Set<PackHandle>
  ) throws {
    try catalog.write { db in
      try db.execute(
        sql: "DELETE FROM source_packs WHERE compartment = ? AND source = ?",
        arguments: [compartment.text, source.text])
      for pack in packs {
        try db.execute(
          sql: "INSERT INTO source_packs VALUES (?, ?, ?)",
          arguments: [compartment.text, source.text, pack.number])
      }
    }
  }

  /// Forgets sources that the configuration no longer has, or has in another compartment.
  package func forgetSources(
    otherThan kept: [(compartment: CompartmentName, source: SourceName)]
  ) throws {
    try catalog.write { db in
      let known = try Row.fetchAll(db, sql: "SELECT DISTINCT compartment, source FROM source_packs")
        .map { ($0[0] as String, $0[1] as String) }
      for (compartment, source) in try known + Self.sourcesWithFiles(db) {
        guard
          !kept.contains(where: { $0.compartment.text == compartment && $0.source.text == source })
        else { continue }
        for table in ["source_packs", "files"] {
          try db.execute(
            sql: "DELETE FROM \(table) WHERE compartment = ? AND source = ?",
            arguments: [compartment, source])
        }
      }
    }
  }

  /// From one to the next, for the files of a source may be millions.
  private static func sourcesWithFiles(_ db: Database) throws -> [(String, String)] {
    var sources: [(String, String)] = []
    let next = try db.cachedStatement(
      sql: """
        SELECT compartment, source FROM files WHERE (compartment, source) > (?, ?)
        ORDER BY compartment, source LIMIT 1
        """)
    var last = ("", "")
    while let row = try Row.fetchOne(next, arguments: [last.0, last.1]) {
      last = (row[0], row[1])
      sources.append(last)
    }
    return sources
  }

  /// Packs of a compartment that no ledger entry names: this run's, or those of a run that died.
  package func pendingPacks(of compartment: CompartmentName? = nil) throws -> [PendingPack] {
    try catalog.read { db in
      let rows = try Row.fetchAll(
        db,
        sql: """
          SELECT id, name, size, header_size, header_sha256 FROM packs
          WHERE snapshot IS NULL AND (?1 IS NULL OR compartment = ?1) ORDER BY id
          """, arguments: [compartment?.text])
      return rows.compactMap { row in
        guard let name = SHA256Digest(bytes: [UInt8](row[1] as Data)),
          let header = SHA256Digest(bytes: [UInt8](row[4] as Data))
        else { return nil }
        return PendingPack(
          handle: PackHandle(row[0]), name: name, size: row[2], headerSize: row[3],
          headerSHA256: header)
      }
    }
  }

  /// A pending pack's part of an index, `IndexFile.record(of:)`; up to a megabyte or so.
  ///
  /// - Throws: `catalog.damaged` where it is not there.
  package func record(of pack: PackHandle) throws -> [UInt8] {
    try catalog.read { db in
      guard
        let record = try Data.fetchOne(
          db, sql: "SELECT record FROM packs WHERE id = ? AND record IS NOT NULL",
          arguments: [pack.number])
      else {
        throw OperatorError(
          "catalog.damaged", .failed, "the catalog lost what pack \(pack.number) holds",
          hint: "move the catalog away: the next run rebuilds it from the store")
      }
      return [UInt8](record)
    }
  }

  /// The same packs' handles alone.
  package func pendingHandles() throws -> [PackHandle] {
    try catalog.read { db in
      try Int64.fetchAll(db, sql: "SELECT id FROM packs WHERE snapshot IS NULL ORDER BY id")
        .map { PackHandle($0) }
    }
  }

  /// Drops packs, with all that is known of their chunks.
  package func drop(_ packs: [PackHandle]) throws {
    try catalog.write { db in try Self.drop(packs, catalog.chunks, db) }
  }

  /// Packs that some source uses.
  package func usedPacks() throws -> Set<PackHandle> {
    try catalog.read { db in
      Set(
        try Int64.fetchAll(db, sql: "SELECT DISTINCT pack FROM source_packs").map { PackHandle($0) }
      )
    }
  }

  /// Published packs with their names and the snapshot whose index describes them.
  package func publishedPacks() throws -> [(
    handle: PackHandle, name: SHA256Digest, snapshot: SnapshotID, compartment: CompartmentName
  )] {
    try catalog.read { db in
      try Row.fetchAll(
        db, sql: "SELECT id, name, snapshot, compartment FROM packs WHERE snapshot IS NOT NULL"
      ).compactMap { row in
        guard let name = SHA256Digest(bytes: [UInt8](row[1] as Data)),
          let snapshot = SnapshotID(row[2] as String),
          let compartment = CompartmentName(row[3] as String)
        else { return nil }
        return (PackHandle(row[0]), name, snapshot, compartment)
      }
    }
  }

  /// The set of objects that the head needs.
  package func needed() throws -> NeededSet {
    try catalog.read { db in
      var set = NeededSet()
      for row in try Row.fetchAll(db, sql: "SELECT name, size, sha256 FROM objects") {
        guard let name = ObjectName(ledgerText: row[0]),
          let digest = SHA256Digest(bytes: [UInt8](row[2] as Data))
        else { continue }
        set.insert(name, NeededSet.Facts(size: row[1], sha256: digest))
      }
      return set
    }
  }

  /// Records a published snapshot, in one transaction.
  ///
  /// - Parameters:
  ///   - snapshot: the snapshot.
  ///   - head: its ledger entry.
  ///   - added: objects that are new.
  ///   - unneeded: objects that it needs no more.
  ///   - published: packs that its indexes describe.
  ///   - dropped: packs that it needs no more.
  /// - Throws: what SQLite says.
  package func record(
    _ snapshot: SnapshotID, head: LedgerHead, added: [ObjectRecord], unneeded: [ObjectName],
    published: [PackHandle], dropped: [PackHandle]
  ) throws {
    try catalog.write { db in
      // Their records go: from now on the runs alone know their chunks.
      try catalog.chunks.writeRun(db)
      for pack in published {
        try db.execute(
          sql: "UPDATE packs SET snapshot = ?, record = NULL WHERE id = ?",
          arguments: [snapshot.text, pack.number])
      }
      try Self.drop(dropped, catalog.chunks, db)
      for name in unneeded {
        try db.execute(sql: "DELETE FROM objects WHERE name = ?", arguments: [name.path])
      }
      for object in added {
        try db.execute(
          sql: "INSERT OR REPLACE INTO objects VALUES (?, ?, ?)",
          arguments: [object.name, object.size, object.sha256.bytes.blob])
      }
      try CatalogDatabase.setHead(head, db)
    }
  }

  /// Fills an empty catalog from what the store says, one index after the other, in bounded memory.
  ///
  /// Which packs a source uses is not written down in the clear: until it is saved again, each is
  /// taken to use all of its compartment, so that a night without it drops nothing.
  ///
  /// - Parameters:
  ///   - head: the ledger's head.
  ///   - needed: the objects that its snapshot needs.
  ///   - sources: the sources that its entry names, saved or not.
  ///   - seals: the compartments' seals, where its entry has them.
  ///   - reading: hands the packs of an index to `take`, and says whether they count, which is known
  ///     only when all were read: where not, they are forgotten.
  /// - Throws: what SQLite and `reading` say; the catalog is empty then.
  package func rebuild(
    head: LedgerHead, needed: NeededSet, sources: [SourceSummary], seals: [CompartmentSeal],
    reading: (_ index: ObjectName, _ take: (PackDescription) throws -> Void) throws -> Bool
  ) throws {
    let last = try catalog.write { db in
      var last: Int64 = 0
      for (name, facts) in needed.objects {
        try db.execute(
          sql: "INSERT INTO objects VALUES (?, ?, ?)",
          arguments: [name.path, facts.size, facts.sha256.bytes.blob])
      }
      for name in needed.objects.keys.sorted() {
        guard let (snapshot, compartment) = name.index else { continue }
        var taken: [PackHandle] = []
        let counts = try reading(name) { pack in
          guard let handle = try insert(pack, of: snapshot, compartment, needed, db) else { return }
          taken.append(handle)
          last = handle.number
        }
        if !counts { try Self.drop(taken, catalog.chunks, db) }
      }
      for source in sources {
        try db.execute(
          sql: """
            INSERT OR IGNORE INTO source_packs
            SELECT compartment, ?, id FROM packs WHERE compartment = ?
            """, arguments: [source.name.text, source.compartment.text])
      }
      try catalog.chunks.writeRun(db)
      try SealBook.note(seals, db)
      try CatalogDatabase.setHead(head, db)
      return last
    }
    catalog.skipPacks(upTo: last)
  }

  /// Takes a pack and its chunks in, unless it is needed no more.
  private func insert(
    _ pack: PackDescription, of snapshot: SnapshotID, _ compartment: CompartmentName,
    _ needed: NeededSet, _ db: Database
  ) throws -> PackHandle? {
    guard let payload = needed.objects[.pack(pack.name)],
      let header = needed.objects[.packHeader(pack.name)]
    else { return nil }
    try db.execute(
      sql: """
        INSERT INTO packs (compartment, name, size, header_size, header_sha256, snapshot)
        VALUES (?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        compartment.text, pack.name.bytes.blob, payload.size, header.size,
        header.sha256.bytes.blob, snapshot.text,
      ])
    let handle = db.lastInsertedRowID
    catalog.chunks.add(
      pack.frames.lazy.flatMap { $0.chunks.lazy.map(\.id) }, in: handle, of: compartment.text)
    if catalog.chunks.isFull { try catalog.chunks.writeRun(db) }
    return PackHandle(handle)
  }

  static func drop(_ packs: [PackHandle], _ chunks: ChunkTable, _ db: Database) throws {
    for pack in packs {
      chunks.remove(pack.number)
      try db.execute(sql: "DELETE FROM source_packs WHERE pack = ?", arguments: [pack.number])
      try db.execute(sql: "DELETE FROM packs WHERE id = ?", arguments: [pack.number])
    }
  }
}
