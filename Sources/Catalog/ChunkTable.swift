import Foundation
import GRDB
import Repository
import SystemPackage
import Vocabulary

/// Which pack holds a chunk: sorted runs in files, and what came since in memory.
///
/// A few runs, each at least twice as long as the next newer one, are looked at newest first. What a
/// run says of a pack that is gone does not count, and is left out when runs are merged. The record
/// of a pack stays in the catalog until its chunks are in a run: no crash loses any.
final class ChunkTable {
  /// So many entries may lie in memory: 6 MiB of them, at most.
  static let mostRecent = 1 << 17

  private let folder: FilePath
  private var runs: [ChunkRun] = []
  private var recent: [ChunkID.Half: Int64] = [:]
  private var recentPacks: [Int64] = []
  /// Packs that the catalog has, and the compartment of each.
  private var packs: [Int64: CompartmentNumber] = [:]
  private var compartments: [String: CompartmentNumber] = [:]

  /// A compartment, as long as the table is there: compared more quickly than its name.
  typealias CompartmentNumber = Int32

  /// Opens the runs that a catalog names, and removes other files of its folder.
  ///
  /// - Throws: `catalog.damaged`, and what SQLite says.
  init(in folder: FilePath, of db: Database) throws {
    self.folder = folder
    try FileManager.default.createDirectory(
      atPath: folder.string, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    try load(db)
  }

  /// The number of a compartment.
  func number(of compartment: String) -> CompartmentNumber {
    if let known = compartments[compartment] { return known }
    let number = CompartmentNumber(compartments.count)
    compartments[compartment] = number
    return number
  }

  /// The pack of a compartment that holds a chunk.
  ///
  /// - Throws: `Errno`.
  func pack(holding chunk: ChunkID, in compartment: CompartmentNumber) throws -> Int64? {
    let key = chunk.half
    if let pack = recent[key], packs[pack] == compartment { return pack }
    var index = runs.count
    while index > 0 {
      index -= 1
      if let pack = try runs[index].pack(of: key), packs[pack] == compartment { return pack }
    }
    return nil
  }

  /// Takes the chunks of a pack that the catalog has, or is about to have.
  func add(_ chunks: some Sequence<ChunkID>, in pack: Int64, of compartment: String) {
    for chunk in chunks { recent[chunk.half] = pack }
    recentPacks.append(pack)
    packs[pack] = number(of: compartment)
  }

  /// How many entries each run has, the oldest first.
  var runLengths: [Int] { runs.map(\.count) }

  /// Whether memory holds enough for a run.
  var isFull: Bool { recent.count >= Self.mostRecent }

  /// Forgets a pack.
  func remove(_ pack: Int64) {
    packs[pack] = nil
  }

  /// Writes what lies in memory to a run, and merges runs, as part of the catalog's transaction.
  ///
  /// Files are durable before the catalog names them; those that it names no longer are removed when
  /// it is opened again.
  func writeRun(_ db: Database) throws {
    for pack in recentPacks {
      try db.execute(sql: "UPDATE packs SET in_run = 1 WHERE id = ?", arguments: [pack])
    }
    recentPacks = []
    guard !recent.isEmpty else { return }
    let entries = recent.lazy.filter { self.packs[$0.value] != nil }
      .map { ChunkEntry(key: $0.key, pack: $0.value) }.sorted { $0.key < $1.key }
    recent = [:]
    var newest = try write(db, atMost: entries.count) { writer in
      for entry in entries { try writer.append(entry) }
    }
    while let older = runs.last, older.count < 2 * newest.count {
      runs.removeLast()
      let younger = newest
      newest = try write(db, atMost: older.count + younger.count) {
        try merge(older, younger, into: &$0)
      }
      for run in [older, younger] {
        try db.execute(sql: "DELETE FROM chunk_runs WHERE number = ?", arguments: [run.number])
      }
    }
    runs.append(newest)
  }

  /// Reads everything anew: after a transaction that failed, and at the start.
  func load(_ db: Database) throws {
    (recent, recentPacks, packs) = ([:], [], [:])
    let known = try Row.fetchCursor(db, sql: "SELECT id, compartment FROM packs")
    while let row = try known.next() { packs[row[0]] = number(of: row[1]) }
    runs = try Row.fetchAll(
      db, sql: "SELECT number, entries, sha256 FROM chunk_runs ORDER BY number"
    )
    .map { row in
      guard let digest = SHA256Digest(bytes: [UInt8](row[2] as Data)) else {
        throw OperatorError("catalog.damaged", .failed, "the catalog's list of runs is damaged")
      }
      return try ChunkRun(row[0], at: path(row[0]), count: row[1], digest: digest)
    }
    let named = Set(runs.map { path($0.number).string })
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? [] {
      let path = folder.appending(name).string
      if !named.contains(path) { try? FileManager.default.removeItem(atPath: path) }
    }
    let waiting = try Row.fetchCursor(
      db, sql: "SELECT id, compartment, record FROM packs WHERE in_run = 0 AND record IS NOT NULL")
    while let row = try waiting.next() {
      let record = [UInt8](row[2] as Data)
      try IndexFile.eachPack(inRecords: record) { pack in
        add(pack.frames.lazy.flatMap { $0.chunks.lazy.map(\.id) }, in: row[0], of: row[1])
      }
    }
  }

  private func path(_ number: Int64) -> FilePath { folder.appending("\(number).run") }

  private func write(
    _ db: Database, atMost most: Int, _ fill: (inout ChunkRunWriter) throws -> Void
  ) throws -> ChunkRun {
    try db.execute(sql: "INSERT INTO chunk_runs (entries, sha256) VALUES (0, x'')")
    let number = db.lastInsertedRowID
    var writer = try ChunkRunWriter(path(number), atMost: most)
    try fill(&writer)
    let written = try writer.finish()
    try db.execute(
      sql: "UPDATE chunk_runs SET entries = ?, sha256 = ? WHERE number = ?",
      arguments: [written.count, written.digest.bytes.blob, number])
    return try ChunkRun(number, written)
  }

  /// Of two entries with one key the younger run's counts; of packs that are gone none does.
  private func merge(
    _ older: ChunkRun, _ younger: ChunkRun, into writer: inout ChunkRunWriter
  ) throws {
    var old = ChunkRunReader(older.file, count: older.count)
    var new = ChunkRunReader(younger.file, count: younger.count)
    while true {
      let entry: ChunkEntry
      switch (try old.peek(), try new.peek()) {
      case (nil, nil): return
      case (let before, let after?) where before.map({ after.key <= $0.key }) ?? true:
        entry = after
        new.pass()
        if before?.key == after.key, packs[after.pack] != nil { old.pass() }
      case (let before?, _):
        entry = before
        old.pass()
      case (nil, let after?):
        entry = after
        new.pass()
      }
      if packs[entry.pack] != nil { try writer.append(entry) }
    }
  }
}
