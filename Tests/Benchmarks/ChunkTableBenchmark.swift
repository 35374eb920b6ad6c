import Catalog
import Foundation
import Glibc
import Repository
import SecretMemory
import SystemPackage
import Vocabulary

/// Fills a catalog with chunks and looks them up; prints one JSON object.
///
/// `Scripts/bench index` runs it.
@main struct ChunkTableBenchmark {
  private static let chunksInAPack = 32 * 1024
  private static let lookUps = 1_000_000

  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 3, let count = Int(arguments[2]),
      let core = CompartmentName("core")
    else {
      throw OperatorError("usage", .usage, "FOLDER COUNT")
    }
    let path = FilePath(arguments[1]).appending("catalog.sqlite")
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
    var usage = rusage()
    unsafe getrusage(RUSAGE_SELF.rawValue, &usage)
    print(
      """
      {"chunks": \(count), "fill_seconds": \(fill), "open_seconds": \(open), \
      "known_per_second": \(Int(Double(found) / known)), \
      "unknown_per_second": \(Int(Double(lookUps) / unknown)), \
      "peak_mib": \(usage.ru_maxrss / 1024)}
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

  private static func seconds(_ work: () throws -> Void) rethrows -> Double {
    try (ContinuousClock().measure(work) / .milliseconds(1)).rounded() / 1000
  }

  /// What a single thread's work costs, whoever else uses the machine.
  private static func processorSeconds(_ work: () throws -> Void) rethrows -> Double {
    let start = clock()
    try work()
    return Double(clock() - start) / Double(CLOCKS_PER_SEC)
  }
}

/// SplitMix64: ids that are as spread as hashes, the same at every run.
private struct Chance {
  private var state: UInt64

  init(seed: UInt64 = 1) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func id() -> ChunkID {
    let words = [next(), next(), next(), next()]
    return unsafe words.withUnsafeBytes { ChunkID(unsafe $0.bytes) }
  }
}
