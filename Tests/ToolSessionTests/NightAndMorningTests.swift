import Foundation
import ProofTools
import Testing

/// The whole promise, on a real Synapse: what `Scripts/demo` shows, with fewer messages.
@Suite("A night and a morning")
struct NightAndMorningTests {
  @Test(
    "a real Synapse is backed up twice, lost, and comes back with every old message readable",
    .enabled(if: StockTool.isInstalled("bash")), .timeLimit(.minutes(20)))
  func demo() async throws {
    // Awaited, not waited for: a thread that waits is one of two that all other proofs share.
    let outcome = try await Program(path: "/bin/bash").run([
      "\(Self.package)/Scripts/demo", "--small", "--tools", BuiltTools.folder,
    ])
    #expect(outcome.status == 0, "\(outcome.text)")
    #expect(outcome.text.contains("proofs hold, 0 failed"))
    #expect(outcome.text.contains("the drill passed"))
    #expect(outcome.text.contains("meanwhile people wrote"))
    #expect(outcome.text.contains("Signature and comment signature verified"))
  }

  private static let package = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
}
