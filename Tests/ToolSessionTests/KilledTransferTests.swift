import Foundation
import ProofTools
import Subprocess
import Testing

/// Exports and imports that are ended from outside, at any moment.
@Suite("A killed transfer", .serialized, .timeLimit(.minutes(20)))
struct KilledTransferTests {
  private func host(_ chance: inout SeededChance) async throws -> Deployment {
    let host = try await Deployment()
    for number in 0..<4 {
      try await host.writeNoise(15_000_000, to: "config/noise-\(number)", &chance)
    }
    try await host.initialise()
    try await host.night()
    for night in 0..<2 {
      try await host.writeNoise(2_000_000, to: "bridge/noise-\(night)", &chance)
      try await host.night()
    }
    return host
  }

  private func expectEqual(_ set: Volumes, _ other: Volumes) throws {
    let (mine, theirs) = try (contents(of: set.path), contents(of: other.path))
    #expect(mine.keys.sorted() == theirs.keys.sorted())
    for (name, bytes) in mine {
      let isEqual = theirs[name] == bytes
      #expect(isEqual, "\(name)")
    }
  }

  @Test func anExportGoesOnAndTheSetIsTheOneThatNobodyKilled() async throws {
    var chance = SeededChance(for: "a killed export")
    let host = try await host(&chance)
    let clock = ContinuousClock()
    let start = clock.now
    let whole = try await host.export("36M", "--parity-volumes", "2", to: "whole")
    let longest = clock.now - start
    let name = (whole.path as NSString).lastPathComponent
    let set = Volumes(path: host.path("out/\(name)"))
    let hits = try await KilledTransfer(kills: 15).run(&chance, after: longest) { body in
      if FileManager.default.fileExists(atPath: set.path) { try host.remove("out") }
      return try await host.keeper(
        ["export", "--to", host.path("out"), "--volume-size", "36M", "--parity-volumes", "2"],
        while: body)
    } then: {
      // A set that has its name is whole; one that has not is not taken for one by its volumes.
      guard FileManager.default.fileExists(atPath: set.path) else { return }
      try expectEqual(set, whole)
    }
    print("a killed export: \(hits) kills")
    #expect(hits > 0)
    if !FileManager.default.fileExists(atPath: set.path) {
      _ = try await host.export("36M", "--parity-volumes", "2", to: "out")
    }
    try expectEqual(set, whole)
    #expect(try FileManager.default.contentsOfDirectory(atPath: host.path("out")) == [name])
  }

  @Test func anImportGoesOnAndTheStoreIsValidAllTheTime() async throws {
    var chance = SeededChance(for: "a killed import")
    let host = try await host(&chance)
    let set = try await host.export("36M", to: "out")
    try FileManager.default.removeItem(atPath: try set.folders()[1])
    let clock = ContinuousClock()
    let start = clock.now
    try await host.takeIn(set.path).expect(0)
    let longest = clock.now - start
    try host.remove("far")
    let hits = try await KilledTransfer(kills: 15).run(&chance, after: longest) { body in
      if (try? host.far.entries().count) == 3 { try host.remove("far") }
      return try await host.takeIn(set.path, while: body)
    } then: {
      guard FileManager.default.fileExists(atPath: "\(host.far.path)/coffer.json") else { return }
      let entries = try host.far.entries().count
      let signatures = try host.far.names("ledger", ending: ".minisig").count
      let isBetween = signatures > entries
      let isRobbed = try entries == 0 && !host.far.names("manifests").isEmpty
      let verified = try await host.verify(of: host.far)
      #expect(verified.status == (isBetween || isRobbed ? 13 : entries == 0 ? 5 : 0), "\(verified)")
    }
    print("a killed import: \(hits) kills")
    #expect(hits > 0)
    try await host.takeIn(set.path).expect(0)
    try host.expectTheSame()
    try await host.farKeeper(["scrub"]).expect(0)
    try await host.drill(of: host.far).expect(0)
    let left = try contents(of: "\(host.far.path)/.tmp").filter { $0.value.count > 0 }
    #expect(left.isEmpty, "\(left.keys)")
  }
}
