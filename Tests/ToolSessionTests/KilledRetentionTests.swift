import Foundation
import ProofTools
import Subprocess
import Testing

/// Retention that is ended from outside, at any moment.
@Suite("A killed retention", .serialized, .timeLimit(.minutes(20)))
struct KilledRetentionTests {
  private let kills = 15

  /// What a keeper's list says of a snapshot that is not gone.
  private struct Fate: Hashable {
    let name: String
    let until: String?
  }

  /// Nine nights and their parity: three are marked and may go, three are to be marked, three stay.
  private func host(_ chance: inout SeededChance) async throws -> Deployment {
    let host = try await Deployment.seenByItsKeeper(nights: 6)
    try host.markWhatMayGo(on: 15)
    for night in 6..<9 {
      try await host.writeNoise(2_000_000, to: "bridge/noise-\(night)", &chance)
      try host.write(String(repeating: "night \(night)\n", count: 2_000), to: "config/night")
      try await host.night()
      try host.onDay(10 + night) { _, _, _ in }
    }
    try await host.keeper(["protect"] + host.keeperState).expect(0)
    return host
  }

  private func fates(_ host: Deployment) async throws -> [String: Fate] {
    let list = try await host.retain("--json").expect(0)
    let snapshots = try list.events().filter { $0.name == "snapshot" }
    return Dictionary(
      uniqueKeysWithValues: snapshots.map {
        ($0["snapshot"] ?? "", Fate(name: $0["fate"] ?? "", until: $0["until"]))
      })
  }

  /// Puts store and keeper's folder back as they were, or keeps them as they are for then.
  private func copy(_ host: Deployment, from: String, to: String) throws {
    for name in ["store", "keeper"] {
      try? host.remove("\(to)\(name)")
      try FileManager.default.copyItem(
        atPath: host.path("\(from)\(name)"), toPath: host.path("\(to)\(name)"))
    }
  }

  /// Expects that what stays is whole, for the keeper and for whoever restores.
  private func expectWhole(_ host: Deployment) async throws {
    try await host.keeper(["scrub"] + host.keeperState).expect(0)
    try await host.verify("--keeper", host.path("keeper/keeper.pub")).expect(0)
  }

  /// Expects that nothing but parity is hurt: whoever is killed while old parity goes leaves half of it.
  private func expectNoBackupIsHurt(_ host: Deployment) async throws {
    let scrub = try await host.keeper(["scrub", "--json"] + host.keeperState)
    let hurt = try scrub.events().filter { $0.name == "hurt" }
    #expect(hurt.allSatisfy { $0["code"] == "parity.hurt" }, "\(scrub)")
    scrub.expect(hurt.isEmpty ? 0 : 4)
  }

  @Test func losesNoMarkAndNothingThatThePolicyKeeps() async throws {
    var chance = SeededChance(for: "a killed retention")
    let host = try await host(&chance)
    try copy(host, from: "", to: "untouched-")
    let before = try await fates(host)
    let ripe = Set(before.filter { $0.value.name == "removed" }.keys)
    let kept = Set(before.filter { $0.value.name == "kept" }.keys)
    #expect(before.count == 9 && ripe.count == 3 && kept.count == 3)
    func objects() throws -> Set<String> {
      try Set(host.store.objects().keys.filter { !$0.hasPrefix("parity/") })
    }
    let all = try objects()
    let clock = ContinuousClock()
    let start = clock.now
    try await host.retain("--apply").expect(0)
    let longest = clock.now - start
    let going = try all.subtracting(objects())
    try await expectWhole(host)
    try copy(host, from: "untouched-", to: "")

    var (hits, between) = (0, 0)
    var marks: [String: Fate] = [:]
    func isDone() -> Bool { hits >= kills && between > 0 }
    for _ in 0..<80 where !isDone() {
      let moment = longest * Double.random(in: 0...1, using: &chance)
      // Every other one in the middle of the removal, however fast that is.
      let awaited = Bool.random(using: &chance) ? going.sorted().randomElement(using: &chance) : nil
      let killed = try await host.retain("--apply") { run in
        if let awaited {
          let deadline = clock.now + longest * 10
          let path = "\(host.store.path)/\(awaited)"
          while clock.now < deadline, FileManager.default.fileExists(atPath: path) {}
        } else {
          try await Task.sleep(for: moment)
        }
        try? run.send(signal: .kill)
      }
      let left = try going.intersection(objects())
      if killed.status == 128 + 9 {
        hits += 1
        if !left.isEmpty, left.count < going.count { between += 1 }
      } else {
        killed.expect(0)
      }
      // A mark stays as it was first written; what is kept is kept.
      let now = try await fates(host)
      for (snapshot, mark) in marks { #expect(now[snapshot] == mark, "after kill \(hits)") }
      marks = now.filter { $0.value.name == "waiting" }
      for snapshot in kept { #expect(now[snapshot]?.name == "kept", "after kill \(hits)") }
      #expect(Set(before.keys).subtracting(now.keys).isSubset(of: ripe))
      try await expectNoBackupIsHurt(host)
      // A few kills one after the other, then a run that is left alone.
      guard killed.status == 0 || isDone() || Int.random(in: 0..<3, using: &chance) == 0 else {
        continue
      }
      try await host.retain("--apply").expect(0)
      try await expectWhole(host)
      let after = try await fates(host)
      #expect(Set(after.keys) == Set(before.keys).subtracting(ripe))
      #expect(after.values.filter { $0.name == "waiting" }.count == 3)
      #expect(try going.isDisjoint(with: objects()))
      if !isDone() {
        try copy(host, from: "untouched-", to: "")
        marks = [:]
      }
    }
    print("a killed retention: \(hits) kills, \(between) of them in the middle of the removal")
    #expect(isDone())
    try await expectRestored(host, kept.count + 3)
  }

  /// Expects that every snapshot that is not gone is restored as it was that night, and the next night goes well.
  private func expectRestored(_ host: Deployment, _ count: Int) async throws {
    let entries = try host.store.entries()
    for (night, entry) in entries.enumerated().suffix(count) {
      let target = host.path("restored-\(night)")
      try await host.restore(
        [
          "run", "--snapshot", host.snapshot(of: entry), "--source", "synapse-config", "--target",
          target,
        ]
          + host.allIdentities, from: host.store
      ).expect(0)
      #expect(try host.folder.readText("restored-\(night)/night").hasPrefix("night \(night)\n"))
    }
    let left = try contents(of: host.path("store/.tmp")).filter { $0.value.count > 0 }
    #expect(left.isEmpty, "\(left.keys)")
    try await host.night()
    try await host.drill().expect(0)
    try await expectWhole(host)
  }
}
