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

  /// The files of one folder, by name.
  ///
  /// Files whose packs are no longer known are left out: they must be read again.
  package func files(in folder: [UInt8]) throws -> [[UInt8]: Line] {
    try catalog.look { db in
      let statement = try db.cachedStatement(
        sql: """
          SELECT name, stamp, line, packs FROM files
          WHERE compartment = ? AND source = ? AND folder = ?
          """)
      let rows = try Row.fetchCursor(
        statement, arguments: [compartment.text, source.text, folder.blob])
      var lines: [[UInt8]: Line] = [:]
      while let row = try rows.next() {
        let name = [UInt8](row[0] as Data)
        let line = Line(
          source: source, folder: folder, name: name, stamp: [UInt8](row[1] as Data),
          line: [UInt8](row[2] as Data), packs: Self.handles([UInt8](row[3] as Data)))
        if line.packs.allSatisfy(knownPacks.contains) { lines[name] = line }
      }
      return lines
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

  /// Forgets every folder that the walk did not come through.
  package func forgetFolders(otherThan seen: (([UInt8]) -> Bool)) throws {
    try catalog.write { db in
      let known = try Data.fetchAll(
        db, sql: "SELECT DISTINCT folder FROM files WHERE compartment = ? AND source = ?",
        arguments: [compartment.text, source.text])
      for folder in known where !seen([UInt8](folder)) {
        try db.execute(
          sql: "DELETE FROM files WHERE compartment = ? AND source = ? AND folder = ?",
          arguments: [compartment.text, source.text, folder])
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

extension [UInt8] {
  var blob: DatabaseValue { Data(self).databaseValue }
}
