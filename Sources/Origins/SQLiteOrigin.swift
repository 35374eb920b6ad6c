import Catalog
package import Configuration
import FileTrees
import Glibc
import LocalFiles
package import Repository
import SQLiteDatabases
import SecretMemory
import SystemPackage
import Vocabulary

/// An SQLite file, copied consistently while its daemon writes.
package struct SQLiteOrigin: Origin {
  package static let schema = SourceSchema(
    kind: "sqlite", required: ["path": .text], optional: [:],
    profiles: ["plain"] + SQLiteProfile.all.map(\.name))

  /// What a manifest says of an SQLite file.
  struct Facts: Codable {
    let database: SQLiteFacts
    let fileName: String
    /// Permission bits, owner and group of the file that was copied.
    let mode: UInt32
    let userID: UInt32
    let groupID: UInt32
  }

  private let path: FilePath
  private let profile: SQLiteProfile?

  package init(_ settings: SourceSettings) throws {
    path = FilePath(settings.text("path"))
    profile = settings.profile.flatMap { SQLiteProfile.named($0) }
  }

  package var turn: NightTurn { .sqlite }

  package var place: String { path.string }

  package func preflight() async throws -> Int? {
    let size = try Self.status(of: path).st_size
    try SQLiteSnapshot.check(path)
    return Int(size)
  }

  package func save(with context: SavingContext) async throws -> SavedSource {
    let status = try Self.status(of: path)
    let copy = context.scratch.appending("\(context.source).sqlite")
    let facts = try SQLiteSnapshot.take(of: path, into: copy)
    defer { try? LocalPath(copy).remove() }
    var stream = context.writer.begin(.fine)
    do {
      try LocalPath(copy).stream { piece in
        try context.interruption.check()
        try stream.write(piece)
        context.meter.advance(bytes: piece.byteCount)
      }
    } catch let problem as Errno {
      throw OperatorError(
        "sqlite.failed", .failed, "cannot read the copy of \(path) at \(copy): \(problem)")
    }
    let stored = try stream.finish()
    return SavedSource(
      content: stored.content, bytes: stored.content.size, files: 1,
      facts: try JSONDocument.value(
        of: Facts(
          database: facts, fileName: path.lastComponent?.string ?? "database.sqlite",
          mode: status.st_mode & 0o777, userID: status.st_uid, groupID: status.st_gid)),
      packs: stored.packs, notes: profile?.warnings(about: facts) ?? [])
  }

  package static func target(_ text: String) throws -> RestoreTarget { try .path(typed: text) }

  package static func list(
    _ record: SourceRecord, reader: CompartmentReader, _ take: (ListedItem) throws -> Void
  ) throws {
    let facts = try facts(of: record)
    try take(
      ListedItem(
        kind: "file", path: facts.fileName, size: record.content.size,
        sha256: record.content.sha256))
    for (table, rows) in facts.database.rowCounts.sorted(by: { $0.key < $1.key }) {
      try take(ListedItem(kind: "table", path: table, size: 0, rows: Int(rows)))
    }
  }

  package static func verify(
    _ record: SourceRecord, reader: CompartmentReader, context: RestoringContext
  ) throws {
    try reader.stream(record.content) { piece in
      try context.interruption.check()
      context.meter.advance(bytes: piece.byteCount)
    }
  }

  package static func destination(
    of record: SourceRecord, at target: RestoreTarget
  ) throws -> RestoreTarget {
    .path(try file(of: record, target))
  }

  package static func plan(_ record: SourceRecord, target: RestoreTarget) async throws -> [String] {
    let path = try file(of: record, target)
    guard !LocalPath(path).exists else {
      throw OperatorError(
        "restore.target-not-empty", .refused, "the target \(path) of '\(record.name)' is there",
        hint: "restore to a path where nothing is; nothing is ever overwritten")
    }
    return ["\(record.name): SQLite database to \(path)"]
  }

  package static func restore(
    _ record: SourceRecord, reader: CompartmentReader, target: RestoreTarget,
    context: RestoringContext
  ) async throws -> [Finding] {
    let path = try file(of: record, target)
    let facts = try facts(of: record)
    do {
      try write(record, facts, reader, to: path, context)
    } catch let problem as Errno {
      throw OperatorError("restore.write-failed", .failed, "cannot write \(path): \(problem)")
    }
    return [Finding(.good, "sqlite.restored", "\(record.name): \(record.content.size) bytes")]
  }

  private static func write(
    _ record: SourceRecord, _ facts: Facts, _ reader: CompartmentReader, to path: FilePath,
    _ context: RestoringContext
  ) throws {
    try FileTreeWriter.makeFolders(above: path)
    let file = try PartialFile(for: path)
    try reader.stream(record.content) { piece in
      try context.interruption.check()
      try file.write(piece)
      context.meter.advance(bytes: piece.byteCount)
    }
    try file.publish(
      mode: FilePermissions(rawValue: facts.mode),
      owner: geteuid() == 0 ? (facts.userID, facts.groupID) : nil)
  }

  package static func compare(
    _ record: SourceRecord, reader: CompartmentReader, target: RestoreTarget,
    context: RestoringContext
  ) async throws -> [Finding] {
    let path = try file(of: record, target)
    do {
      return try compare(record, reader, at: path)
    } catch let problem as Errno {
      throw OperatorError(
        "restore.unreadable", .failed, "cannot read back what was restored to \(path): \(problem)",
        hint: "check its disk; nothing says that it is as it was saved")
    }
  }

  private static func compare(
    _ record: SourceRecord, _ reader: CompartmentReader, at path: FilePath
  ) throws -> [Finding] {
    guard LocalPath(path).exists else {
      return [Finding(.bad, "sqlite.missing", "\(record.name): \(path) is missing")]
    }
    let found = try SQLiteFacts.gather(path)
    let missing = missingTables(found, for: record)
    let differences = try facts(of: record).database.differences(to: found)
    guard differences.isEmpty else {
      return missing
        + differences.map {
          Finding(.bad, "sqlite.differs", "\(record.name): \($0)")
        }
    }
    if try path.sha256() == record.content.sha256 {
      return missing + [
        Finding(.good, "sqlite.equal", "\(record.name): as it was saved, byte for byte")
      ]
    }
    return try missing + compareRows(record, reader: reader, at: path)
  }

  /// A backup of the wrong file, or of an emptied one, is restored without a fault.
  private static func missingTables(_ found: SQLiteFacts, for record: SourceRecord) -> [Finding] {
    guard let profile = record.profile.flatMap({ SQLiteProfile.named($0) }) else { return [] }
    return profile.missingVitalTables(in: found).map {
      Finding(
        .bad, "tables.vital",
        "\(record.name): there is no table '\($0)', which the profile '\(profile.name)' cannot do without"
      )
    }
  }

  /// A file that was settled, or only tidied up, still has the rows that were saved.
  private static func compareRows(
    _ record: SourceRecord, reader: CompartmentReader, at path: FilePath
  ) throws -> [Finding] {
    let copy = path.removingLastComponent().appending(
      ".coffer-\(Hexadecimal.encode(Randomness.bytes(count: 8)))")
    let file = try PartialFile(for: copy)
    try reader.stream(record.content) { try file.write($0) }
    try file.publish(mode: [.ownerReadWrite], owner: nil)
    defer { try? LocalPath(copy).remove() }
    var tables = try SQLiteRows.differingTables(path, copy)
    if !tables.isEmpty, let settlement = settlement(of: record) {
      try settlement.apply(to: copy)
      tables = try SQLiteRows.differingTables(path, copy)
    }
    guard tables.isEmpty else {
      return tables.map {
        Finding(
          .bad, "sqlite.differs", "\(record.name): table \($0) has other rows than were saved")
      }
    }
    return [Finding(.good, "sqlite.equal", "\(record.name): every row is as it was saved")]
  }

  package static func settle(
    _ record: SourceRecord, target: RestoreTarget, beside others: [SourceRecord]
  ) async throws -> [Finding] {
    guard let settlement = settlement(of: record),
      others.contains(where: { $0.profile == "synapse" })
    else { return [] }
    try settlement.apply(to: file(of: record, target))
    return [Finding(.good, "sqlite.settled", "\(record.name): \(settlement.reason)")]
  }

  private static func settlement(of record: SourceRecord) -> SQLiteSettlement? {
    record.profile.flatMap { SQLiteProfile.named($0) }?.settlement
  }

  private static func facts(of record: SourceRecord) throws -> Facts {
    try record.facts(as: Facts.self)
  }

  /// A target that is a folder, or is to be one, takes the file under its own name.
  private static func file(of record: SourceRecord, _ target: RestoreTarget) throws -> FilePath {
    let path = try target.requirePath(for: record)
    let name = try facts(of: record).fileName
    guard let component = FilePath.Component(name) else {
      throw OperatorError("manifest.damaged", .mismatch, "'\(name)' is no file name")
    }
    let isFile =
      !LocalPath(path).isFolder && path.extension != nil && path.extension == component.extension
    return isFile ? path : path.appending(component)
  }

  private static func status(of path: FilePath) throws -> stat {
    var status = stat()
    guard unsafe path.withPlatformString({ unsafe stat($0, &status) }) == 0 else {
      throw OperatorError(
        "sqlite.missing", .failed, "there is no SQLite database \(path): \(Errno(rawValue: errno))")
    }
    return status
  }
}

extension SourceRecord {
  /// The facts as their kind wrote them.
  func facts<Facts: Decodable>(as type: Facts.Type) throws -> Facts {
    do {
      return try JSONDocument.decode(type, from: facts)
    } catch {
      throw OperatorError(
        "manifest.damaged", .mismatch, "the manifest's facts about '\(name)' cannot be read")
    }
  }
}
