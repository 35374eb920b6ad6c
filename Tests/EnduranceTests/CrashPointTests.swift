import Foundation
import Operations
import ProofTools
import Repository
import Testing
import Vocabulary

/// A crash at every call of a run that changes a file, with and without what was not synced.
///
/// The calls are those of the real program, written down by a recorder that is loaded into it. After each
/// crash the store must be whole, and the next night go well, cost no more than it must and lose nothing.
/// `COFFER_CRASH_POINTS` says how many states of each run are checked; all of them where it is `all`.
@Suite(
  "Crashes at every call", .timeLimit(.minutes(60)),
  .enabled(if: Recorder.isThere, "neither clang nor cc is installed"))
struct CrashPointTests {
  /// States that were not seen yet, with the moment they are of.
  struct Crashes {
    var seen: Set<SHA256Digest> = []
    var states: [(tree: CrashedDisk.Tree, moment: String, isDone: Bool)] = []

    /// Adds what a crash at this moment could leave.
    mutating func add(
      _ disk: CrashedDisk, _ moment: String, isDone: Bool, _ chance: inout SeededChance
    ) {
      for loss in CrashLoss.allCases {
        let tree = disk.tree(after: loss, &chance)
        let isNew = seen.insert(tree.digest).inserted
        if isNew || isDone { states.append((tree, "\(moment), losing \(loss.rawValue)", isDone)) }
      }
    }

    /// As many as are to be checked, those at the end always among them.
    func chosen(_ count: Int, _ chance: inout SeededChance) -> [(
      tree: CrashedDisk.Tree, moment: String, isDone: Bool
    )] {
      let (last, others) = (states.filter(\.isDone), states.filter { !$0.isDone })
      return others.shuffled(using: &chance).prefix(Self.wanted(count)) + last
    }

    /// How many to check where nothing else is asked for.
    static func wanted(_ count: Int) -> Int {
      let given = ProcessInfo.processInfo.environment["COFFER_CRASH_POINTS"]
      return given == "all" ? Int.max : given.flatMap { Int($0) } ?? count
    }
  }

  /// Every state that a crash during these calls can leave, the end of the run among them.
  static func crashes(
    _ calls: [RecordedCall], on disk: inout CrashedDisk, called run: String,
    _ chance: inout SeededChance
  ) throws -> Crashes {
    var crashes = Crashes()
    for (index, call) in calls.enumerated() where call.changes {
      crashes.add(disk, "\(run), before call \(index) (\(call.brief))", isDone: false, &chance)
      try disk.apply(call)
    }
    for call in calls where !call.changes { try disk.apply(call) }
    crashes.add(disk, "\(run), after its end", isDone: true, &chance)
    return crashes
  }

  @Test("a night, from the first on, that is cut off anywhere", arguments: [0, 1, 2])
  func night(after nights: Int) async throws {
    var chance = SeededChance(for: "a night cut off anywhere")
    let folder = try TinyHost.scratch()
    let host = try TinyHost(in: folder)
    let root = folder.path(of: "host")
    try await host.initialise(root)
    for number in 0..<nights {
      try await host.night(root)
      try host.change(number)
    }
    var disk = try CrashedDisk(root)
    let run = try Recorder.run(
      "coffer-backup", ["run", "--config", host.configurationFile(root)], below: root)
    try #require(run.said.status == 0, "\(run.said)")
    let crashes = try Self.crashes(run.calls, on: &disk, called: "night \(nights + 1)", &chance)
    try check(disk, is: root)
    let chosen = crashes.chosen(25, &chance)
    for (tree, moment, isDone) in chosen {
      let crashed = folder.path(of: "crashed")
      try tree.write(to: crashed)
      await #expect(throws: Never.self) {
        try await CrashCheck(
          host: host, root: crashed, finished: isDone ? nights + 1 : nights, moment: moment
        ).run()
      }
    }
    print(
      "night \(nights + 1): \(run.calls.count) calls, \(crashes.states.count) states, \(chosen.count) checked"
    )
  }

  @Test("an init that is cut off anywhere")
  func initialisation() async throws {
    var chance = SeededChance(for: "an init cut off anywhere")
    let folder = try TinyHost.scratch()
    let host = try TinyHost(in: folder)
    let root = folder.path(of: "host")
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    var disk = try CrashedDisk(root)
    let run = try Recorder.run(
      "coffer-backup", ["init", "--config", host.configurationFile(root)], below: root)
    try #require(run.said.status == 0, "\(run.said)")
    let crashes = try Self.crashes(run.calls, on: &disk, called: "init", &chance)
    try check(disk, is: root)
    let chosen = crashes.chosen(20, &chance)
    for (tree, moment, isDone) in chosen {
      let crashed = folder.path(of: "crashed")
      try tree.write(to: crashed)
      await #expect(throws: Never.self, "\(moment)") {
        if !isDone { try await host.initialise(crashed) }
        try await CrashCheck(host: host, root: crashed, finished: 0, moment: moment).run()
      }
    }
    print("init: \(run.calls.count) calls, \(crashes.states.count) states, \(chosen.count) checked")
  }

  @Test("a night that is killed, the next one, and then the power fails")
  func killedThenPowerless() async throws {
    var chance = SeededChance(for: "a night killed, the next one, then no power")
    let folder = try TinyHost.scratch()
    let host = try TinyHost(in: folder)
    let root = folder.path(of: "host")
    try await host.initialise(root)
    try await host.night(root)
    try host.change(0)
    let disk = try CrashedDisk(root)
    let night = ["run", "--config", try host.configurationFile(root)]
    let run = try Recorder.run("coffer-backup", night, below: root)
    let killed = try Self.killed(run.calls, on: disk).shuffled(using: &chance)
    for (killed, call) in killed.prefix(Crashes.wanted(8)) {
      let moment = "killed before \(call)"
      var disk = killed
      try disk.putBack(at: root)
      let next = try Recorder.run("coffer-backup", night, below: root)
      #expect(next.said.status == 0, "\(moment): \(next.said)")
      guard next.said.status == 0 else { continue }
      for call in next.calls { try disk.apply(call) }
      try check(disk, is: root)
      let finished = try host.view(root).ledger.entries.count
      try disk.tree(after: .everything, &chance).write(to: root)
      try await CrashCheck(
        host: host, root: root, finished: finished,
        moment: "\(moment), then a night, then the power failed"
      ).run()
    }
  }

  @Test("an init that is killed, the next one, and then the power fails")
  func killedInitialisationThenPowerless() async throws {
    var chance = SeededChance(for: "an init killed, the next one, then no power")
    let folder = try TinyHost.scratch()
    let host = try TinyHost(in: folder)
    let root = folder.path(of: "host")
    try CrashedDisk.Tree().write(to: root)
    let disk = try CrashedDisk(root)
    let initialisation = ["init", "--config", try host.configurationFile(root)]
    let run = try Recorder.run("coffer-backup", initialisation, below: root)
    let killed = try Self.killed(run.calls, on: disk).shuffled(using: &chance)
    for (killed, call) in killed.prefix(Crashes.wanted(10)) {
      let moment = "init killed before \(call), then init"
      var again = killed
      try again.putBack(at: root)
      let next = try Recorder.run("coffer-backup", initialisation, below: root)
      #expect(next.said.status == 0, "\(moment): \(next.said)")
      for call in next.calls { try again.apply(call) }
      try again.tree(after: .everything, &chance).write(to: root)
      try await CrashCheck(
        host: host, root: root, finished: 0, moment: "\(moment), then the power failed"
      ).run()
    }
  }

  /// What a run leaves that is killed before each of its calls, and the call.
  private static func killed(
    _ calls: [RecordedCall], on start: CrashedDisk
  ) throws -> [(disk: CrashedDisk, call: String)] {
    var disk = start
    var killed: [(disk: CrashedDisk, call: String)] = []
    for (index, call) in calls.enumerated() where call.changes {
      killed.append((disk, "call \(index) (\(call.brief))"))
      try disk.apply(call)
    }
    return killed
  }

  /// The recorder has seen everything, or the states are none that could be.
  private func check(_ disk: CrashedDisk, is root: String) throws {
    var chance = SeededChance(seed: 0)
    func sound(_ tree: CrashedDisk.Tree) -> [String: CrashedDisk.Tree.Thing] {
      // SQLite maps its index of the log into memory, and makes it anew after every crash.
      tree.things.filter { !$0.key.hasSuffix("-shm") }
    }
    let (recorded, real) = (
      sound(disk.tree(after: .nothing, &chance)), sound(try CrashedDisk.Tree(reading: root))
    )
    let different = Set(recorded.keys).union(real.keys).filter { recorded[$0] != real[$0] }
    #expect(different.isEmpty, "the recorder has not seen all that was done to \(different)")
  }
}

extension RecordedCall {
  /// The call without its data.
  var brief: String {
    if case .write(let inode, let offset, let bytes) = self {
      return "write \(bytes.count) bytes at \(offset) of \(inode)"
    }
    return "\(self)"
  }
}
