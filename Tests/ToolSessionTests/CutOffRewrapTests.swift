import Foundation
import ProofTools
import Testing

/// A rewrapping that was killed between its entry and the last replacement, and who ends it.
@Suite(.serialized, .timeLimit(.minutes(20))) struct CutOffRewrapTests {
  /// A store in that state: some objects are the old ones, and the new ones wait.
  private struct Scene {
    let host: Deployment
    let leaver: Officer
    let newcomer: Officer
    /// The objects that wait, and what they are to be.
    let waiting: [String: Data]
    /// Objects that have their new headers already.
    let replaced: [String]

    func isEnded() throws -> Bool {
      try waiting.allSatisfy { try host.store.data($0.key) == $0.value }
        && leftovers().isEmpty
    }

    /// What is left of the new objects in the staging folder.
    func leftovers() throws -> [String] {
      try contents(of: "\(host.store.path)/.tmp/officer").keys.filter {
        $0.hasSuffix(".age") || $0.hasSuffix(".header")
      }
    }

    /// Puts a new object among those that wait.
    func stage(_ name: String, _ bytes: Data) throws {
      let path = "\(host.store.path)/.tmp/officer/rewrapped/\(name)"
      try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try bytes.write(to: URL(fileURLWithPath: path))
    }
  }

  private func scene() async throws -> Scene {
    let host = try await Deployment()
    let (leaver, newcomer) = try host.changeOfOfficers()
    try await host.initialise()
    for night in 0..<2 {
      try host.write("night \(night)\n", to: "config/night")
      try await host.night()
    }
    try await host.trustingKeeper("scrub").expect(0)
    let before = try contents(of: host.store.path)
    try await host.rewrap(for: [host.officers, newcomer], as: host.officers).expect(0)
    let after = try contents(of: host.store.path)
    let changed = before.keys.filter {
      !$0.hasPrefix(".tmp") && !$0.hasPrefix("keeper") && after[$0] != before[$0]
    }.sorted()
    try #require(changed.count > 4)
    // Every other one, of each kind.
    let back = changed.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    let scene = Scene(
      host: host, leaver: leaver, newcomer: newcomer,
      waiting: Dictionary(uniqueKeysWithValues: back.map { ($0, after[$0] ?? Data()) }),
      replaced: changed.filter { !back.contains($0) })
    for name in back {
      try scene.stage(name, after[name] ?? Data())
      try host.store.write(before[name] ?? Data(), to: name)
    }
    return scene
  }

  @Test func aScrubSaysSoAndTheKeeperEndsItWithoutAnyKey() async throws {
    let scene = try await scene()
    let host = scene.host
    let told = try await host.keeper("scrub", "--officer", host.officerKey, "--json")
    told.expect(3, "scrub.rewrapping-cut-off")
    let waiting = try told.events().filter { $0.name == "waiting" }.compactMap { $0["object"] }
    #expect(Set(waiting) == Set(scene.waiting.keys))
    #expect(try told.events().allSatisfy { $0.name != "hurt" })
    // Nothing was changed by it, and nothing is remembered as hurt.
    #expect(try !scene.isEnded())
    try await host.keeper("status").expect(3, "keeper.former-objects")
    try await host.keeper("scrub", "--repair")
      .expect(0, naming: "\(scene.waiting.count) objects took their places")
    #expect(try scene.isEnded())
    try await host.keeper("scrub").expect(0)
    try await host.verify("--identity", scene.newcomer.identity).expect(0)
    try await host.restore(
      "drill", "--scratch", host.path(""), "--identity", scene.newcomer.identity
    ).expect(0)
    try await host.verify("--identity", scene.leaver.identity).expect(0)
    try await host.restore(
      "drill", "--scratch", host.path(""), "--identity", scene.leaver.identity
    ).expect(12)
  }

  @Test(arguments: [["protect"], ["retain", "--apply", "--keep-last", "1"]])
  func otherVerbsThatWriteEndItToo(verb: [String]) async throws {
    let scene = try await scene()
    _ = try await scene.host.keeper("status", "--officer", scene.host.officerKey)
    let outcome = try await scene.host.keeper(verb)
    #expect([0, 5].contains(outcome.status), "\(outcome)")
    #expect(try scene.isEnded())
    try await scene.host.keeper("scrub").expect(0)
  }

  @Test func theOfficersNextRunEndsIt() async throws {
    let scene = try await scene()
    let host = scene.host
    try await host.rewrap(for: [host.officers, scene.newcomer], as: host.officers).expect(0)
    #expect(try scene.isEnded())
  }

  @Test func whereWhatWaitedIsLostTheOfficersNextRunMakesItAgain() async throws {
    let scene = try await scene()
    let host = scene.host
    try host.remove("store/.tmp/officer")
    // Nothing waits: these objects are what they were before, and so who left opens them still.
    try await host.keeper("scrub", "--officer", host.officerKey)
      .expect(3, "keeper.former-objects")
    let officers = [host.officers, scene.newcomer]
    try await host.rewrap(for: officers, as: scene.newcomer)
      .expect(3, "rewrap.not-opened")
    try await host.rewrap(for: officers, as: host.officers).expect(0)
    for (name, old) in zip(scene.replaced, try scene.replaced.map(host.store.data)) {
      let isAsItWas = try host.store.data(name) == old
      #expect(isAsItWas, "\(name) was rewrapped though nothing was wrong with it")
    }
    try await host.keeper("scrub").expect(0)
    for entry in try host.store.entries() {
      let drill = ["drill", "--scratch", host.path(""), "--snapshot", try host.snapshot(of: entry)]
      try await host.restore(
        drill + ["--identity", scene.newcomer.identity], from: host.store
      ).expect(0)
      try await host.restore(drill + ["--identity", scene.leaver.identity], from: host.store)
        .expect(12)
    }
    try await host.rewrap(for: officers, as: host.officers).expect(0, naming: "nothing to rewrap")
  }

  @Test func anotherHostsNextRunEndsItToo() async throws {
    let scene = try await scene()
    let other = try await Deployment()
    let own = "store: \(other.path("store"))\n"
    let yaml = try other.folder.readText("coffer.yaml")
    try other.write(
      yaml.replacing(own, with: "store: \(scene.host.store.path)\n"), to: "coffer.yaml")
    try await other.initialise()
    try await other.night()
    let officers = [other.officers, scene.newcomer]
    try await other.rewrap(for: officers, as: other.officers, of: scene.host.store).expect(0)
    #expect(try scene.isEnded())
  }

  @Test func onlyWhatAKnownOfficerSignedForTakesAPlace() async throws {
    let scene = try await scene()
    let host = scene.host
    // An officer whom the keeper does not know.
    let unknown = try await host.keeper("scrub", "--repair")
    unknown.expect(3, "scrub.rewrapping-cut-off", naming: "keeper.unknown-officer")
    #expect(try !scene.isEnded())
    #expect(try Set(scene.leftovers()).count == scene.waiting.count)
    // One that is damaged, and one that no entry names.
    let damaged = try #require(scene.waiting.keys.sorted().first)
    var bytes = try #require(scene.waiting[damaged])
    bytes[bytes.count / 2] ^= 1
    try scene.stage(damaged, bytes)
    let stranger = "manifests/20260101T000000Z-00000000.core.age"
    try scene.stage(stranger, bytes)
    let before = try host.store.data(damaged)
    let outcome = try await host.keeper("scrub", "--repair", "--officer", host.officerKey)
    outcome.expect(3, "keeper.former-objects")
    #expect(try host.store.data(damaged) == before)
    #expect(!FileManager.default.fileExists(atPath: "\(host.store.path)/\(stranger)"))
    for (name, bytes) in scene.waiting where name != damaged {
      let isNew = try host.store.data(name) == bytes
      #expect(isNew, "\(name)")
    }
  }
}
