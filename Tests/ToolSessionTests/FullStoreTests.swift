import Foundation
import ProofTools
import Testing

/// A store that is full, and a second run while one is under way.
@Suite(.serialized, .timeLimit(.minutes(20))) struct FullStoreTests {
  private static let canMount = geteuid() == 0

  @Test(.enabled(if: canMount, "only root can mount a small file system"))
  func aFullStoreLosesNothingAndTheNextNightUsesWhatWasWritten() async throws {
    try await onASmallDisk(fillAndFree)
  }

  @Test(.enabled(if: canMount, "only root can mount a small file system"))
  func aFullStoreIsThinnedOutOnceItsParityIsAway() async throws {
    try await onASmallDisk(fillAndThinOut)
  }

  /// A host whose store is a file system of 100 MB.
  private func onASmallDisk(_ body: (Deployment) async throws -> Void) async throws {
    let host = try await Deployment()
    try FileManager.default.createDirectory(
      atPath: host.store.path, withIntermediateDirectories: true)
    try await host.program("mount").run([
      "-t", "tmpfs", "-o", "size=100m", "coffer", host.store.path,
    ])
    .expect(0)
    do {
      try await body(host)
    } catch {
      try await host.program("umount").run(["-l", host.store.path]).expect(0)
      throw error
    }
    try await host.program("umount").run(["-l", host.store.path]).expect(0)
  }

  /// New parity must be there before old parity goes; where there is no room for it, nothing goes.
  private func fillAndThinOut(_ host: Deployment) async throws {
    var chance = SeededChance(for: "a full store that is thinned out")
    try await host.writeNoise(3_000_000, to: "config/noise", &chance)
    try await host.beSeenByItsKeeper(nights: 6)
    try host.markWhatMayGo()
    try await host.keeper(["protect"] + host.keeperState).expect(0)
    let before = try host.store.objects().keys.filter { !$0.hasPrefix("receipts/") }
    let ballast = "\(host.store.path)/ballast"
    _ = try await host.program("dd").run(["if=/dev/zero", "of=\(ballast)", "bs=4k"])
    try await host.program("truncate").run(["-s", "-48K", ballast]).expect(0)
    try await host.retain("--apply").expect(1, "store.full")
    #expect(try Set(host.store.objects().keys).isSuperset(of: before))
    try await host.verify().expect(0)
    try host.remove("store/parity")
    let removal = try await host.retain("--apply", "--json").expect(0)
    #expect(try removal.events().contains { $0.name == "removed" })
    try await host.verify("--keeper", host.path("keeper/keeper.pub")).expect(0)
    try host.remove("store/ballast")
    try await host.keeper(["protect"] + host.keeperState).expect(0)
    try await host.keeper(["scrub"] + host.keeperState).expect(0)
  }

  private func fillAndFree(_ host: Deployment) async throws {
    var chance = SeededChance(for: "a full store")
    try await host.initialise()
    try await host.night()
    try host.write([UInt8](repeating: 0, count: 40_000_000), to: "store/ballast")
    for number in 0..<8 {
      try await host.writeNoise(10_000_000, to: "config/large-\(number)", &chance)
    }

    let full = try await host.backup("run").expect(1, "store.full", naming: host.store.path)
    #expect(full.errors.contains("hint: free space"), "\(full)")
    #expect(try host.store.entries().count == 1)
    try await host.verify().expect(0, naming: "ledger head 1 ")
    try await host.backup("status").expect(0, naming: "ledger head 1 ")
    // Not even room for a manifest: still nothing breaks.
    let rest = "\(host.store.path)/rest"
    _ = try await host.program("dd").run(["if=/dev/zero", "of=\(rest)", "bs=4k"])
    try await host.backup("run").expect(1, "store.full")
    try await host.backup("run", "--only", "bridge-config").expect(1, "store.full")
    try await host.verify().expect(0, naming: "ledger head 1 ")

    try FileManager.default.removeItem(atPath: rest)
    try host.remove("store/ballast")
    let night = try await host.night()
    let stored = try night.stored()
    #expect(stored < 80_000_000 - 30_000_000, "a pack of the full night was not used: \(night)")
    try await host.verify().expect(0, naming: "ledger head 2 ")
  }

  @Test func aSecondRunAtOnceIsRefusedAndTheFirstGoesOn() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.whileARunIsUnderWay {
      for _ in 0..<3 {
        try await host.backup("run").expect(11, "run.locked", naming: host.path("state/lock"))
      }
      try await host.backup("init").expect(11, "run.locked")
      try await host.backup("run", "--dry-run").expect(0)
    }
    try await host.verify().expect(0, naming: "4 sources of")
  }

  @Test func aSecondStateFolderOfTheSameHostIsRefusedAndNothingIsTakenFromTheFirst() async throws {
    let host = try await Deployment()
    try await host.initialise()
    let yaml = try host.folder.readText("coffer.yaml")
    try host.folder.write(
      yaml.replacing("state: \(host.path("state"))", with: "state: \(host.path("other"))"),
      to: "other.yaml")
    func other(_ verb: String) async throws -> Program.Outcome {
      try await Program(path: BuiltTools.backup).run([verb, "--config", host.path("other.yaml")])
    }
    try await other("init").expect(0)
    try await host.whileARunIsUnderWay {
      let writer = try #require(
        try FileManager.default.contentsOfDirectory(atPath: "\(host.store.path)/.tmp").first)
      let live = "store/.tmp/\(writer)/live.tmp"
      try host.folder.write("being written\n", to: live)
      for verb in ["run", "init"] {
        try await other(verb).expect(11, "run.locked", naming: host.store.path)
      }
      #expect(try host.folder.readText(live) == "being written\n")
    }
    #expect(try host.store.entries().count == 1)
    try await other("run").expect(0, naming: "ledger head 2 ")
    try await host.verify().expect(0, naming: "ledger head 2 ")
  }

  @Test func aStoreThatCannotBeWrittenToIsNamed() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    try FileManager.default.removeItem(atPath: "\(host.store.path)/.tmp")
    try host.write("a file where a folder should be\n", to: "store/.tmp")
    try host.write("new\n", to: "config/new")
    let night = try await host.backup("run").expect(1, "store.failed", naming: host.store.path)
    #expect(!night.errors.contains("[unexpected]"), "\(night)")
    try await host.verify().expect(0, naming: "ledger head 1 ")
  }
}

extension Deployment {
  /// Does something while a run is under way that goes well in the end.
  func whileARunIsUnderWay(_ body: () async throws -> Void) async throws {
    // Somebody who writes to the SQLite file holds the run up for as long as we want.
    try await sqlite("PRAGMA journal_mode = DELETE")
    let holder = try program("sqlite3")
    let arguments = [
      path("bridge.db"), "-cmd", "BEGIN EXCLUSIVE", "-cmd", ".shell touch \(path("held"))",
      "-cmd", ".shell while [ ! -e \(path("free")) ]; do sleep 0.05; done",
    ]
    async let holding = holder.run(arguments, input: "COMMIT;\n")
    try await until { FileManager.default.fileExists(atPath: path("held")) }
    let configuration = configuration
    async let run = Program(path: BuiltTools.backup).run(["run", "--config", configuration])
    try await until { try await backup("status", "--json").output.contains("\"running\":true") }
    // By then it has taken the store, too.
    try await until { FileManager.default.fileExists(atPath: path("state/scratch")) }
    try await body()
    try folder.write("", to: "free")
    try await holding.expect(0)
    try await run.expect(0)
  }
}

/// Asks again and again until something is so; the suite's time limit ends what never is.
func until(_ isSo: () async throws -> Bool) async throws {
  while try await !isSo() { try await Task.sleep(for: .milliseconds(20)) }
}
