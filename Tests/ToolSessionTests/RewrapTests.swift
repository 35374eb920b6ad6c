import Foundation
import ProofTools
import Subprocess
import Testing

/// Officers who come and go, and stores that nobody uploads again for them.
@Suite(.serialized, .timeLimit(.minutes(20))) struct RewrapTests {
  /// A host with three nights, sealed for its officers and one who will leave.
  private struct Custody {
    let host: Deployment
    let leaver: Officer
    let newcomer: Officer
    /// The snapshots, first to last.
    let snapshots: [String]
  }

  private func custody() async throws -> Custody {
    let host = try await Deployment()
    let (leaver, newcomer) = try host.changeOfOfficers()
    var chance = SeededChance(for: "officers who come and go")
    try await host.writeNoise(300_000, to: "config/large", &chance)
    try await host.initialise()
    for night in 0..<3 {
      try await host.writeNoise(50_000, to: "config/night-\(night)", &chance)
      try await host.night()
    }
    return Custody(
      host: host, leaver: leaver, newcomer: newcomer,
      snapshots: try host.store.entries().map { try host.snapshot(of: $0) })
  }

  private func restore(
    _ snapshot: String, of host: Deployment, as officer: Officer
  ) async throws -> Program.Outcome {
    let target = host.path("restored-\(UUID().uuidString)")
    return try await host.restore(
      "run", "--source", "synapse-config", "--snapshot", snapshot, "--target", target,
      "--identity", officer.identity)
  }

  private func payloads(_ host: Deployment) throws -> [String: Data] {
    try Dictionary(
      uniqueKeysWithValues: host.store.packs().map { ($0, try host.store.data($0)) })
  }

  @Test func whoComesOpensEverySnapshotAndWhoLeftOpensNone() async throws {
    let custody = try await custody()
    let (host, stays) = (custody.host, custody.host.officers)
    let before = try payloads(host)
    let officers = [stays, custody.newcomer]
    let outcome = try await host.rewrap(for: officers, as: stays, "--json").expect(0)
    // Who left is named with all that he could have opened.
    let exposures = try outcome.events().filter { $0.name == "could-have-opened" }
    #expect(exposures.map { $0["recipient"] } == [custody.leaver.recipient])
    #expect(exposures.first?.texts("snapshots") == custody.snapshots)
    #expect(try payloads(host) == before)
    for snapshot in custody.snapshots {
      for officer in officers {
        try await restore(snapshot, of: host, as: officer).expect(0)
      }
      try await restore(snapshot, of: host, as: custody.leaver).expect(12, "identity.none-fits")
    }
    for officer in officers {
      try await host.restore(
        "drill", "--scratch", host.path(""), "--identity", officer.identity
      ).expect(0)
    }
    // All objects of all snapshots, by what the host signed for.
    try await host.verify("--identity", custody.newcomer.identity).expect(0)
    // There is nothing left to do.
    try await host.rewrap(for: officers, as: custody.newcomer)
      .expect(0, naming: "nothing to rewrap")
    try await Program(path: BuiltTools.custody).run(
      ["record", "list", "--state", host.path("custody")]
    ).expect(0, naming: "recipients.rewrap")
  }

  @Test func stockAgeOpensWhatWasRewrapped() async throws {
    let custody = try await custody()
    let (host, newcomer) = (custody.host, custody.newcomer)
    try await host.rewrap(for: [host.officers, newcomer], as: host.officers).expect(0)
    let entry = try #require(try host.store.entries().last)
    let age = try host.program("age")
    for name in try host.store.added(by: entry) where name.hasSuffix(".core.age") {
      let file = "\(host.store.path)/\(name)"
      try await age.run(["-d", "-i", newcomer.identity, "-o", "/dev/null", file]).expect(0)
      #expect(try await age.run(["-d", "-i", custody.leaver.identity, file]).status != 0)
    }
    var opened = 0
    for pack in try host.store.packs() {
      let whole = try host.store.data("\(pack).header") + host.store.data(pack)
      try host.folder.write(Array(whole), to: "whole.age")
      let file = host.path("whole.age")
      let frames = try await age.run(["-d", "-i", newcomer.identity, "-o", host.path("tar"), file])
      guard frames.status == 0 else { continue }
      opened += 1
      try await host.program("tar").run(["-tf", host.path("tar")]).expect(0, naming: "frame-")
      #expect(try await age.run(["-d", "-i", custody.leaver.identity, file]).status != 0)
    }
    #expect(opened >= 3)
  }

  @Test func inspectionShowsWhatARewrappedFileCarries() async throws {
    let custody = try await custody()
    let host = custody.host
    try await host.rewrap(for: [host.officers, custody.newcomer], as: host.officers).expect(0)
    let manifest = try #require(try host.store.latest("manifests").first { $0.contains(".core.") })
    let path = "\(host.store.path)/\(manifest)"
    let age = Program(path: BuiltTools.age, environment: host.environment)
    try await age.run(["inspect", path])
      .expect(0, naming: "recipients: X25519, X25519, coffer-former-header\n")
    let found = try JSONSerialization.jsonObject(
      with: Data(try await age.run(["inspect", "--json", path]).expect(0).output.utf8))
    let facts = try #require(found as? [String: Any])
    #expect(facts["stanza_types"] as? [String] == ["X25519", "X25519", "coffer-former-header"])
    #expect(facts["postquantum"] as? String == "no")
    let sizes = try #require(facts["sizes"] as? [String: Int])
    let sum = ["header", "armor", "overhead", "max_payload"].compactMap { sizes[$0] }.reduce(0, +)
    #expect(try sum == host.store.data(manifest).count)
    try await age.run(["-d", "-i", custody.newcomer.identity, "-o", "/dev/null", path]).expect(0)
  }

  @Test func theNextNightBuildsUponWhatWasRewrapped() async throws {
    let custody = try await custody()
    let (host, newcomer) = (custody.host, custody.newcomer)
    let officers = [host.officers, newcomer]
    try await host.rewrap(for: officers, as: host.officers).expect(0)
    // The host's catalog is lost, too: it reads the rewrapped indexes.
    for loses in [false, true] {
      host.coreOfficers = officers
      try host.configure()
      if loses {
        try host.remove("state")
        try await host.initialise()
      }
      try host.write("after \(loses)\n", to: "config/after")
      let night = try await host.night()
      #expect(try night.stored() < 100_000, "\(night)")
      for officer in officers {
        try await host.restore(
          "drill", "--scratch", host.path(""), "--identity", officer.identity
        ).expect(0)
      }
    }
    try await restore("latest", of: host, as: custody.leaver).expect(12, "identity.none-fits")
    try await host.verify("--identity", newcomer.identity).expect(0)
  }

  @Test func aNightForTheOldRecipientsIsToldOfAndRewrappedNext() async throws {
    let custody = try await custody()
    let (host, newcomer) = (custody.host, custody.newcomer)
    let officers = [host.officers, newcomer]
    try await host.rewrap(for: officers, as: host.officers).expect(0)
    try host.write("one night too many\n", to: "config/late")
    #expect(try await host.night().text.contains("change them there"))
    let again = try await host.rewrap(for: officers, as: host.officers, "--json").expect(0)
    let late = try host.snapshot(of: #require(try host.store.entries().last))
    let exposure = try #require(try again.events().first { $0.name == "could-have-opened" })
    #expect(exposure.texts("snapshots") == custody.snapshots + [late])
    try await restore(late, of: host, as: newcomer).expect(0)
    try await restore(late, of: host, as: custody.leaver).expect(12)
    // Who came in by rewrapping alone is known to have been there.
    let last = try await host.rewrap(for: [host.officers], as: host.officers, "--json").expect(0)
    let left = try last.events().filter { $0.name == "could-have-opened" }
      .compactMap { $0["recipient"] }
    #expect(Set(left) == [custody.leaver.recipient, newcomer.recipient])
    try await restore(late, of: host, as: newcomer).expect(12)
    try await host.verify().expect(0)
  }

  @Test func aPolicyThatTheOfficerCannotProveChangesNothing() async throws {
    let custody = try await custody()
    let host = custody.host
    let before = try contents(of: host.store.path)
    try await host.rewrap(for: [custody.newcomer], as: host.officers)
      .expect(14, "rewrap.unproven")
    try await host.rewrap(for: [custody.newcomer], as: custody.newcomer)
      .expect(12, "identity.none-fits")
    try await host.rewrap(for: [host.officers], as: host.officers, "--dry-run")
      .expect(0, naming: custody.leaver.recipient, "would get new headers")
    for (name, bytes) in try contents(of: host.store.path) where !name.hasPrefix(".tmp") {
      #expect(before[name] == bytes, "\(name)")
    }
    #expect(try host.store.names("rewraps").isEmpty)
  }

  @Test func theKeeperChecksAndMendsWhatAKnownOfficerRewrapped() async throws {
    let custody = try await custody()
    let host = custody.host
    try await host.trustingKeeper("protect").expect(0)
    try await host.rewrap(for: [host.officers, custody.newcomer], as: host.officers).expect(0)
    try await host.keeper("scrub").expect(3, "keeper.unknown-officer")
    try await host.keeper("scrub", "--officer", host.officerKey).expect(0)
    try await host.keeper("protect").expect(0)
    var chance = SeededChance(for: "a rewrapped object")
    for name in try host.store.latest("manifests") + host.store.names("packs", ending: ".header") {
      let whole = try host.store.data(name)
      try host.damage(name, &chance)
      try await host.keeper("scrub").expect(4, naming: name)
      try await host.keeper("scrub", "--repair").expect(0)
      let isWhole = try host.store.data(name) == whole
      #expect(isWhole, "\(name)")
    }
    try await host.verify("--identity", custody.newcomer.identity).expect(0)
  }

  @Test func killedAtAnyMomentEachSnapshotIsOpenedByWhoStays() async throws {
    var chance = SeededChance(for: "a killed rewrapping")
    let custody = try await custody()
    let (host, stays) = (custody.host, custody.host.officers)
    let both = [[stays, custody.newcomer], [stays, custody.leaver]]
    let clock = ContinuousClock()
    let start = clock.now
    try await host.rewrap(for: both[0], as: stays).expect(0)
    var longest = clock.now - start
    var kills = 0
    for round in 0..<80 where kills < 20 {
      let moment = longest * Double.random(in: 0...1, using: &chance)
      let killed = try await host.rewrap(for: both[1 - round % 2], as: stays) { run in
        try await Task.sleep(for: moment)
        try? run.send(signal: .kill)
      }
      guard killed.status == 128 + 9 else {
        longest = longest * 0.8
        continue
      }
      kills += 1
      try await host.verify().expect(0)
      let snapshot = try #require(custody.snapshots.randomElement(using: &chance))
      try await restore(snapshot, of: host, as: stays).expect(0)
    }
    print("a killed rewrapping: \(kills) kills")
    #expect(kills > 0)
    // Whoever was last to be let in opens all of it, and nothing is left lying about.
    try await host.rewrap(for: both[0], as: stays).expect(0)
    for snapshot in custody.snapshots {
      try await restore(snapshot, of: host, as: custody.newcomer).expect(0)
      try await restore(snapshot, of: host, as: custody.leaver).expect(12)
    }
    let staged = try FileManager.default.subpathsOfDirectory(
      atPath: "\(host.store.path)/.tmp/officer")
    #expect(staged.allSatisfy { !$0.hasSuffix(".age") && !$0.hasSuffix(".header") }, "\(staged)")
    try await host.trustingKeeper("scrub", "--officer", host.officerKey).expect(0)
    try await host.night()
    try await host.verify().expect(0)
  }

  @Test func whatNobodyOpensIsCheckedByTheOfficersWord() async throws {
    let custody = try await custody()
    let host = custody.host
    try await host.rewrap(for: [host.officers, custody.newcomer], as: host.officers).expect(0)
    let bridge = ["verify", "--identity", host.bridgeTeam.identity]
    try await host.restore(bridge, from: host.store).expect(3, "verify.unchecked")
    let trusting = bridge + ["--officer", host.officerKey]
    try await host.restore(trusting, from: host.store).expect(0)
    let header = try #require(try host.store.latest("packs").first { $0.hasSuffix(".header") })
    for name in try host.store.names("packs", ending: ".header") + [header] {
      let whole = try host.store.data(name)
      try host.store.flipAByte(of: name)
      try await host.restore(trusting, from: host.store).expect(4, "verify.mismatch", naming: name)
      try await host.verify().expect(4, "verify.mismatch", naming: name)
      try host.store.write(whole, to: name)
    }
    // A header that opens, and is another pack's, is not what the host signed for.
    let headers = try host.store.names("packs", ending: ".header")
    for (one, other) in zip(headers, headers.dropFirst()) {
      let whole = try host.store.data(one)
      try host.store.write(host.store.data(other), to: one)
      try await host.verify().expect(4, "verify.mismatch", naming: one)
      try host.store.write(whole, to: one)
    }
    // So are entries that nobody trusts, or that were changed.
    let entry = try #require(try host.store.names("rewraps", ending: ".json").first)
    try host.store.flipAByte(of: entry)
    try await host.restore(trusting, from: host.store).expect(13)
    // Nobody's word is no reason to restore nothing, nor to save nothing.
    try host.store.write(Data("no entry\n".utf8), to: entry)
    try await host.restore(trusting, from: host.store).expect(13, "rewraps.broken")
    try await host.verify().expect(13, "rewraps.broken")
    try await host.drill().expect(0, naming: "is not a coffer-rewrap-entry")
    let snapshot = try #require(custody.snapshots.first)
    try await restore(snapshot, of: host, as: custody.newcomer).expect(0)
    #expect(try await host.night().text.contains("is not built upon"))
    try await host.drill().expect(0)
  }
}
