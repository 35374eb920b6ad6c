import Foundation
import ProofTools
import Testing

/// A year of nights, with all that happens in a year, and every snapshot of it restored.
///
/// `COFFER_SEED` repeats a life; `COFFER_NIGHTS` makes it longer.
@Suite("A long life", .timeLimit(.minutes(120)))
struct LongLifeTests {
  @Test(
    "every snapshot of a year restores exactly what was there that night",
    .enabled(if: StockTool.isInstalled("sqlite3"), "sqlite3 is not installed"),
    .enabled(if: Recorder.isThere, "neither clang nor cc is installed"))
  func year() async throws {
    let chance = SeededChance(for: "a year of nights")
    let given = ProcessInfo.processInfo.environment["COFFER_NIGHTS"].flatMap { Int($0) }
    let folder = try TinyHost.scratch()
    var life = try await LongLife(in: folder, chance)
    for night in 1...(given ?? 365) {
      try await life.live(night)
      if night % 60 == 0 { try life.verify() }
    }
    try life.verify()
    try await life.restoreAll()
    print("a year of nights: \(life.counts.sorted { $0.key < $1.key })")
  }
}
