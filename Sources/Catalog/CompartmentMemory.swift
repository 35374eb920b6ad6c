import GRDB
package import Repository
package import Vocabulary

/// A compartment's view of the catalog while a run writes.
///
/// A file's line is kept only once all packs it names are remembered, so that after a crash no line
/// speaks of a pack that never was.
package final class CompartmentMemory: ChunkMemory {
  private let catalog: CatalogDatabase
  private let compartment: CompartmentName
  private let number: ChunkTable.CompartmentNumber
  private var waiting: [FileMemory.Line] = []

  /// Prepares to write one compartment.
  package init(_ catalog: CatalogDatabase, _ compartment: CompartmentName) {
    self.catalog = catalog
    self.compartment = compartment
    number = catalog.chunks.number(of: compartment.text)
  }

  package func pack(holding chunk: ChunkID) throws -> PackHandle? {
    // A key that two compartments share, or that moved to another, makes no pack theirs.
    try catalog.pack(holding: chunk, in: number).map { PackHandle($0) }
  }

  package func reservePack() -> PackHandle { PackHandle(catalog.reservePack()) }

  package func remember(_ pack: SealedPack, as handle: PackHandle) throws {
    let ready = waiting.filter { $0.packs.allSatisfy { $0 <= handle } }
    waiting.removeAll { $0.packs.allSatisfy { $0 <= handle } }
    try catalog.write { db in
      try db.execute(
        sql: "INSERT INTO packs VALUES (?, ?, ?, ?, ?, ?, NULL, ?, 0)",
        arguments: [
          handle.number, compartment.text, pack.name.bytes.blob, pack.size, pack.headerSize,
          pack.headerSHA256.bytes.blob, pack.record.blob,
        ])
      catalog.chunks.add(pack.chunks, in: handle.number, of: compartment.text)
      if catalog.chunks.isFull { try catalog.chunks.writeRun(db) }
      try FileMemory.insert(ready, of: compartment, db)
    }
  }

  /// Keeps a file's line for the next night, as soon as its packs are remembered.
  package func remember(_ line: FileMemory.Line) {
    waiting.append(line)
  }

  /// Writes the lines that still wait; call when the writer is flushed.
  package func flush() throws {
    let ready = waiting
    waiting = []
    try catalog.write { db in try FileMemory.insert(ready, of: compartment, db) }
  }
}
