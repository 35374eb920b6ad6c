import Foundation
import ProofTools
import Testing

/// A restore that is cut off anywhere never passes for a whole one.
@Suite(
  "Crashes of a restore", .timeLimit(.minutes(60)),
  .enabled(if: Recorder.isThere, "neither clang nor cc is installed"))
struct CrashedRestoreTests {
  @Test(
    "a restore that is cut off anywhere is refused or completed by the next",
    arguments: ["config", "bridge-db"])
  func restore(source: String) async throws {
    var chance = SeededChance(for: "a restore cut off anywhere")
    let folder = try TinyHost.scratch()
    let restoring = try await Restoring(source, in: folder)
    var disk = try CrashedDisk(restoring.root)
    let run = try restoring.record()
    try #require(run.said.status == 0, "\(run.said)")
    #expect(try restoring.isWhole())
    let crashes = try CrashPointTests.crashes(
      run.calls, on: &disk, called: "restore of \(source)", &chance)
    for (tree, moment, isDone) in crashes.chosen(.max, &chance) {
      try tree.write(to: restoring.root)
      if isDone {
        #expect(try restoring.isWhole(), "\(moment): what was called done is lost")
      } else {
        await restoring.checkNext(moment)
      }
    }
    print("restore of \(source): \(run.calls.count) calls, \(crashes.states.count) states")
  }
}
