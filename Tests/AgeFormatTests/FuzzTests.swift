import Foundation
import ProofTools
import Testing

@Suite("The readers under libFuzzer")
struct FuzzTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path
  /// Seconds, not minutes; `Scripts/fuzz --runs 10000000` is for a night.
  private static let runs = 100_000

  @Test("headers, armor and streams of any bytes are read without a crash, and consistently")
  func shortRun() throws {
    let fuzz = StockTool(at: "\(Self.root)/Scripts/fuzz")
    let outcome = try fuzz.run(["--runs", "\(Self.runs)"])
    #expect(outcome.status == 0, "\(outcome)")
    // The seed, and how many executions there were.
    print(outcome.text)
    #expect(outcome.text.components(separatedBy: "all held").count == 4, "\(outcome)")
  }
}
