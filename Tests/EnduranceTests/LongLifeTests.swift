import Foundation
import ProofTools
import Testing

/// Many nights, with all that happens to a host in a year, and every snapshot of them restored.
///
/// `COFFER_SEED` repeats a life; `COFFER_NIGHTS` makes it longer: 365 are a year, and take minutes, for an
/// unoptimised build reads the whole ledger each night.
@Suite("A long life", .timeLimit(.minutes(120)))
struct LongLifeTests {
  @Test(
    "every snapshot of a long life restores exactly what was there that night",
    .enabled(if: StockTool.isInstalled("sqlite3"), "sqlite3 is not installed"),
    .enabled(if: Recorder.isThere, "neither clang nor cc is installed"))
  func life() async throws {
    let chance = SeededChance(for: "a long life")
    let given = ProcessInfo.processInfo.environment["COFFER_NIGHTS"].flatMap { Int($0) }
    let folder = try TinyHost.scratch()
    var life = try await LongLife(in: folder, chance)
    for night in 1...(given ?? 100) {
      try await life.live(night)
      if night % 60 == 0 { try life.verify() }
    }
    try life.verify()
    try await life.restoreAll()
    print("a long life: \(given ?? 100) nights, \(life.counts.sorted { $0.key < $1.key })")
  }
}
