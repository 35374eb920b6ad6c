import Catalog
import Foundation
import Glibc
import Repository
import SecretMemory
import SystemPackage
import Vocabulary

/// Fills a catalog with chunks and looks them up, rebuilds one from a store, or writes a long ledger for
/// a keeper to read, or many headers for an officer to rewrap; prints one JSON object.
///
/// `Scripts/bench index` runs it.
@main struct ChunkTableBenchmark {
  private static let chunksInAPack = 32 * 1024
  private static let lookUps = 1_000_000

  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let count = Int(arguments[3]),
      let core = CompartmentName("core")
    else {
      throw OperatorError("usage", .usage, "table|rebuild|ledger|rewrap FOLDER COUNT")
    }
    let folder = FilePath(arguments[2])
    if arguments[1] == "ledger" {
      return try LedgerBenchmark.run(in: folder, nights: 3_650, objects: count)
    }
    if arguments[1] == "rewrap" { return try RewrapBenchmark.run(in: folder, packs: count) }
    if arguments[1] == "rebuild" { return try RebuildBenchmark.run(in: folder, count) }
    let path = folder.appending("catalog.sqlite")
    var chance = Chance()
    var catalog = try CatalogDatabase(path)
    let fill = try seconds {
      let memory = CompartmentMemory(catalog, core)
      for start in stride(from: 0, to: count, by: chunksInAPack) {
        let chunks = (start..<min(start + chunksInAPack, count)).map { _ in chance.id() }
        try memory.remember(pack(chunks), as: memory.reservePack())
      }
      let pending = try SnapshotBook(catalog).pendingHandles()
      guard let snapshot = SnapshotID("20260101T000000Z-00000001") else { return }
      try SnapshotBook(catalog).record(
        snapshot,
        head: LedgerHead(sequence: .first, sha256: SHA256Hasher.digest(of: [])),
        added: [], unneeded: [], published: pending, dropped: [])
    }
    let open = try seconds { catalog = try CatalogDatabase(path) }
    let memory = CompartmentMemory(catalog, core)
    var found = 0
    // The same numbers again, every one of them known; then others, none of them known.
    chance = Chance()
    let old = (0..<min(lookUps, count)).map { _ in chance.id() }
    let known = try processorSeconds {
      for id in old where try memory.pack(holding: id) != nil { found += 1 }
    }
    chance = Chance(seed: 7)
    let new = (0..<lookUps).map { _ in chance.id() }
    let unknown = try processorSeconds {
      for id in new where try memory.pack(holding: id) != nil { found -= 1 }
    }
    guard found == min(lookUps, count) else {
      throw OperatorError("benchmark", .failed, "\(found) chunks were found")
    }
    print(
      """
      {"chunks": \(count), "fill_seconds": \(fill), "open_seconds": \(open), \
      "known_per_second": \(Int(Double(found) / known)), \
      "unknown_per_second": \(Int(Double(lookUps) / unknown)), \
      "peak_mib": \(peakMiB())}
      """)
  }

  private static func pack(_ chunks: [ChunkID]) -> SealedPack {
    let name = SHA256Hasher.digest(of: chunks[0].bytes)
    let frame = FrameDescription(
      offset: 512, storedLength: chunks.count, rawLength: chunks.count, codec: .stored,
      chunks: chunks.map { ($0, 1) })
    return SealedPack(
      name: name, size: 1000, headerSize: 200, headerSHA256: name,
      record: IndexFile.record(of: PackDescription(name: name, frames: [frame])), chunks: chunks)
  }

  /// The most memory that the process has had.
  static func peakMiB() -> Int {
    var usage = rusage()
    unsafe getrusage(RUSAGE_SELF.rawValue, &usage)
    return usage.ru_maxrss / 1024
  }

  static func seconds(_ work: () throws -> Void) rethrows -> Double {
    try (ContinuousClock().measure(work) / .milliseconds(1)).rounded() / 1000
  }

  /// What a single thread's work costs, whoever else uses the machine.
  private static func processorSeconds(_ work: () throws -> Void) rethrows -> Double {
    let start = clock()
    try work()
    return Double(clock() - start) / Double(CLOCKS_PER_SEC)
  }
}
