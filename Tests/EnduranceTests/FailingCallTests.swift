import Foundation
import ProofTools
import Testing
import Vocabulary

/// A disk that is full, or broken, at one call of a run, or from one call on.
///
/// `COFFER_FAILING_CALLS` says how many calls of each run are made to fail; all of them where it is `all`.
@Suite(
  "Every call may fail", .serialized, .timeLimit(.minutes(60)),
  .enabled(if: Recorder.isThere, "neither clang nor cc is installed"))
struct FailingCallTests {
  /// What is made to fail in this run of the proofs.
  private static func failures(
    of calls: Int, _ count: Int, _ chance: inout SeededChance
  ) -> [Recorder.Failure] {
    let given = ProcessInfo.processInfo.environment["COFFER_FAILING_CALLS"]
    let wanted = given == "all" ? Int.max : given.flatMap { Int($0) } ?? count
    var failures: [Recorder.Failure] = []
    for call in 0..<calls {
      for error in [ENOSPC, EIO] {
        for forGood in [false, true] {
          failures.append(Recorder.Failure(call: call, error: error, forGood: forGood))
        }
      }
    }
    return Array(failures.shuffled(using: &chance).prefix(wanted))
  }

  /// A failure is said in an operator's words, with a code of ours.
  private func checkWords(_ said: StockTool.Outcome, _ moment: String) {
    guard said.status != 0 else { return }
    #expect(
      ExitStatus(rawValue: said.status) != nil && said.text.contains("error: ")
        && !said.text.contains("[unexpected]"), "\(moment): \(said)")
  }

  @Test("a night in which a call fails", arguments: [0, 1])
  func night(after nights: Int) async throws {
    var chance = SeededChance(for: "a night in which a call fails")
    let folder = try TinyHost.scratch()
    let host = try TinyHost(in: folder)
    let root = folder.path(of: "host")
    try await host.initialise(root)
    for number in 0..<nights {
      try await host.night(root)
      try host.change(number)
    }
    let before = try CrashedDisk.Tree(reading: root)
    let run = ["run", "--config", try host.configurationFile(root)]
    let calls = try Recorder.run("coffer-backup", run, below: root).calls
    for failure in Self.failures(of: calls.count, 12, &chance) {
      try before.write(to: root)
      var disk = try CrashedDisk(root)
      let outcome = try Recorder.run("coffer-backup", run, below: root, failing: failure)
      let moment = "night \(nights + 1), \(failure): \(outcome.calls.failure)"
      checkWords(outcome.said, moment)
      let isSaved = [0, 3].contains(outcome.said.status)
      try await CrashCheck(
        host: host, root: root, finished: isSaved ? nights + 1 : nights, moment: moment
      ).run()
      guard isSaved else { continue }
      // What is called done is on the disk, whatever the disk refused on the way.
      for call in outcome.calls { try disk.apply(call) }
      try disk.tree(after: .everything, &chance).write(to: root)
      try await CrashCheck(
        host: host, root: root, finished: nights + 1, moment: "\(moment), then the power failed"
      ).run()
    }
  }

  @Test("an init in which a call fails")
  func initialisation() async throws {
    var chance = SeededChance(for: "an init in which a call fails")
    let folder = try TinyHost.scratch()
    let host = try TinyHost(in: folder)
    let root = folder.path(of: "host")
    let empty = CrashedDisk.Tree()
    try empty.write(to: root)
    let run = ["init", "--config", try host.configurationFile(root)]
    let calls = try Recorder.run("coffer-backup", run, below: root).calls
    for failure in Self.failures(of: calls.count, 12, &chance) {
      try empty.write(to: root)
      var disk = try CrashedDisk(root)
      let outcome = try Recorder.run("coffer-backup", run, below: root, failing: failure)
      let moment = "init, \(failure): \(outcome.calls.failure)"
      checkWords(outcome.said, moment)
      if outcome.said.status == 0 {
        for call in outcome.calls { try disk.apply(call) }
        try disk.tree(after: .everything, &chance).write(to: root)
      } else {
        await #expect(throws: Never.self, "\(moment)") { try await host.initialise(root) }
      }
      try await CrashCheck(host: host, root: root, finished: 0, moment: moment).run()
    }
  }

  @Test("a restore in which a call fails", arguments: ["config", "bridge-db"])
  func restore(source: String) async throws {
    var chance = SeededChance(for: "a restore in which a call fails")
    let folder = try TinyHost.scratch()
    let restoring = try await Restoring(source, in: folder)
    let calls = try restoring.record().calls
    for failure in Self.failures(of: calls.count, 12, &chance) {
      try CrashedDisk.Tree().write(to: restoring.root)
      var disk = try CrashedDisk(restoring.root)
      let outcome = try restoring.record(failing: failure)
      let moment = "restore of \(source), \(failure): \(outcome.calls.failure)"
      checkWords(outcome.said, moment)
      if outcome.said.status == 0 {
        for call in outcome.calls { try disk.apply(call) }
        try disk.tree(after: .everything, &chance).write(to: restoring.root)
        #expect(try restoring.isWhole(), "\(moment): \(outcome.said)")
      } else {
        await restoring.checkNext(moment)
      }
    }
  }
}

extension [RecordedCall] {
  /// The calls that were made to fail.
  fileprivate var failure: String {
    let failed = compactMap { call in
      if case .failed(let what) = call { what } else { nil }
    }
    return failed.prefix(3).joined(separator: ", ")
  }
}
