import Foundation
import GRDB
package import Repository
package import Vocabulary

/// What the catalog remembers of files, so that an unchanged one is not opened.
package struct FileMemory {
  /// One file of one source.
  package struct Line: Sendable {
    package let source: SourceName
    /// The folder's path and the name in it, as bytes.
    package let folder: [UInt8]
    package let name: [UInt8]
    /// Size, times, inode: equal stamps mean an unchanged file.
    package let stamp: [UInt8]
    /// The file's line in the list of files.
    package let line: [UInt8]
    /// The packs that hold its content.
    package let packs: [PackHandle]

    package init(
      source: SourceName, folder: [UInt8], name: [UInt8], stamp: [UInt8], line: [UInt8],
      packs: [PackHandle]
    ) {
      self.source = source
      self.folder = folder
      self.name = name
      self.stamp = stamp
      self.line = line
      self.packs = packs
    }
  }

  private let catalog: CatalogDatabase
  private let compartment: CompartmentName
  private let source: SourceName
  private let knownPacks: Set<PackHandle>

  /// Opens the memory of one source in the compartment that it is saved in.
  ///
  /// A source that comes from another compartment is new to this one: nothing of it is known.
  package init(
    _ catalog: CatalogDatabase, source: SourceName, of compartment: CompartmentName
  ) throws {
    self.catalog = catalog
    self.compartment = compartment
    self.source = source
    knownPacks = try catalog.read { db in
      Set(
        try Int64.fetchAll(
          db, sql: "SELECT id FROM packs WHERE compartment = ?", arguments: [compartment.text]
        ).map { PackHandle($0) })
    }
  }

  /// What is remembered, for a walk that asks for folder after folder.
  package func knownFiles() -> KnownFiles { KnownFiles(self) }

  /// Reads files in the catalog's order: by the bytes of folder and name.
  ///
  /// - Parameters:
  ///   - folder: the first folder.
  ///   - take: is handed each file, and whether its packs are still known: where they are not, the file
  ///     must be read again. False where it wants no more.
  /// - Throws: `catalog.failed`, `catalog.damaged`.
  func eachFile(from folder: [UInt8], _ take: (Line, _ isWhole: Bool) -> Bool) throws {
    try catalog.look { db in
      let statement = try db.cachedStatement(
        sql: """
          SELECT folder, name, stamp, line, packs FROM files
          WHERE compartment = ? AND source = ? AND folder >= ? ORDER BY folder, name
          """)
      let rows = try Row.fetchCursor(
        statement, arguments: [compartment.text, source.text, folder.blob])
      while let row = try rows.next() {
        let line = Line(
          source: source, folder: try row.bytes(0), name: try row.bytes(1),
          stamp: try row.bytes(2), line: try row.bytes(3),
          packs: Self.handles(try row.bytes(4)))
        guard take(line, line.packs.allSatisfy(knownPacks.contains)) else { return }
      }
    }
  }

  /// The packs that the source's content lay in when it was last saved.
  package func packs() throws -> Set<PackHandle> {
    try catalog.read { db in
      Set(
        try Int64.fetchAll(
          db, sql: "SELECT pack FROM source_packs WHERE compartment = ? AND source = ?",
          arguments: [compartment.text, source.text]
        ).map { PackHandle($0) })
    }
  }

  /// Forgets files of a folder that are no longer there.
  package func forget(_ names: [[UInt8]], in folder: [UInt8]) throws {
    guard !names.isEmpty else { return }
    try catalog.write { db in
      let delete = try db.cachedStatement(
        sql: """
          DELETE FROM files WHERE compartment = ? AND source = ? AND folder = ? AND name = ?
          """)
      for name in names {
        try delete.execute(arguments: [compartment.text, source.text, folder.blob, name.blob])
      }
    }
  }

  /// Forgets folders with all files in them, but not those below them.
  package func forget(folders: [[UInt8]]) throws {
    guard !folders.isEmpty else { return }
    try catalog.write { db in
      let delete = try db.cachedStatement(
        sql: "DELETE FROM files WHERE compartment = ? AND source = ? AND folder = ?")
      for folder in folders {
        try delete.execute(arguments: [compartment.text, source.text, folder.blob])
      }
    }
  }

  static func insert(_ lines: [Line], of compartment: CompartmentName, _ db: Database) throws {
    guard !lines.isEmpty else { return }
    let insert = try db.cachedStatement(
      sql: "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?)")
    for line in lines {
      try insert.execute(
        arguments: [
          compartment.text, line.source.text, line.folder.blob, line.name.blob, line.stamp.blob,
          line.line.blob, packed(line.packs).blob,
        ])
    }
  }

  /// Handles as LEB128, for most files have one small one.
  private static func packed(_ handles: [PackHandle]) -> [UInt8] {
    var bytes: [UInt8] = []
    for handle in handles {
      var rest = UInt64(handle.number)
      while rest > 127 {
        bytes.append(UInt8(rest & 127) | 128)
        rest >>= 7
      }
      bytes.append(UInt8(rest))
    }
    return bytes
  }

  private static func handles(_ bytes: [UInt8]) -> [PackHandle] {
    var handles: [PackHandle] = []
    var number: UInt64 = 0
    var shift: UInt64 = 0
    for byte in bytes {
      number |= UInt64(byte & 127) << shift
      shift += 7
      guard byte < 128 else { continue }
      handles.append(PackHandle(Int64(truncatingIfNeeded: number)))
      number = 0
      shift = 0
    }
    return handles
  }
}

extension Row {
  fileprivate func bytes(_ index: Int) throws -> [UInt8] {
    try withUnsafeData(atIndex: index) { [UInt8]($0 ?? Data()) }
  }
}

extension [UInt8] {
  var blob: DatabaseValue { Data(self).databaseValue }
}
