import Foundation
import ProofTools
import Repository
import StoreWire
import Testing

/// Officers who come and go where nights go over a real `sshd`, and the host sees its store from afar.
@Suite(.serialized, .timeLimit(.minutes(20))) struct RemoteRewrapTests {
  /// A host with two nights at a keeper's, sealed for its officers and one who will leave.
  private struct Custody {
    let host: Deployment
    let keeper: KeeperMachine
    let leaver: Officer
    let newcomer: Officer

    /// Everybody who is an officer from now on.
    var officers: [Officer] { [host.officers, newcomer] }

    func rewrap() async throws {
      try await host.rewrap(for: officers, as: host.officers, of: keeper.store).expect(0)
    }
  }

  private func custody() async throws -> Custody {
    let (host, keeper) = (try await Deployment(), try KeeperMachine())
    let (leaver, newcomer) = try host.changeOfOfficers()
    var chance = SeededChance(for: "officers who come and go far away")
    try await host.writeNoise(300_000, to: "config/large", &chance)
    try await host.sendNights(to: keeper)
    for night in 0..<2 {
      try await host.writeNoise(50_000, to: "config/night-\(night)", &chance)
      try await host.night()
    }
    return Custody(host: host, keeper: keeper, leaver: leaver, newcomer: newcomer)
  }

  @Test func theNextNightOverSshBuildsUponWhatWasRewrappedAtTheKeepers() async throws {
    let custody = try await custody()
    let (host, keeper) = (custody.host, custody.keeper)
    try await custody.rewrap()
    host.coreOfficers = custody.officers
    try host.configure(for: keeper)
    // The host's catalog is lost, too: it reads the rewrapped indexes from afar.
    for loses in [false, true] {
      if loses {
        try host.remove("state")
        try await host.initialise()
      }
      try host.write("after \(loses)\n", to: "config/after")
      let night = try await host.night()
      #expect(try night.stored() < 100_000, "\(night)")
      #expect(!night.text.contains("lost or cut short"), "\(night)")
      for officer in custody.officers {
        try await host.restore(
          ["drill", "--scratch", host.path(""), "--identity", officer.identity],
          from: keeper.store
        ).expect(0)
      }
    }
    for entry in try Forgery(host, keeper.store).entries {
      try await host.restore(
        [
          "run", "--source", "synapse-config", "--snapshot", entry.snapshot.text,
          "--target", host.path("left"), "--identity", custody.leaver.identity,
        ], from: keeper.store
      ).expect(12, "identity.none-fits")
    }
    try await host.verify("--identity", custody.newcomer.identity, of: keeper.store).expect(0)
    try await keeper.run(["scrub", "--trust", host.path("keys/host.pub")])
      .expect(3, "keeper.unknown-officer")
    try await keeper.run(["scrub", "--officer", host.officerKey]).expect(0)
  }

  @Test func aHostReadsWhatWasRewrappedOfItsOwnAndWritesNothingThere() async throws {
    let custody = try await custody()
    let (host, keeper) = (custody.host, custody.keeper)
    try await custody.rewrap()
    // Another host's, as if an officer had rewrapped that one's, too.
    let stranger = "rewraps/0123456789ABCDEF/00000001.json"
    let own = try #require(try keeper.store.names("rewraps", ending: ".json").first)
    let signature = String(own.dropLast("json".count)) + "minisig"
    try FileManager.default.createDirectory(
      atPath: (keeper.path("store/\(stranger)") as NSString).deletingLastPathComponent,
      withIntermediateDirectories: true)
    try keeper.store.write(keeper.store.data(own), to: stranger)
    let before = try contents(of: keeper.path("store/rewraps"))
    let folder = String(own.dropLast("/00000001.json".count))
    let next = ["\(folder)/00000002.json", "\(folder)/00000002.minisig"]

    let client = try HostileClient(keeper, as: host.path("keys/host.pub"))
    try client.begin()
    #expect(client.ask(.read, own, 0, 10) == "done")
    #expect(client.ask(.read, signature, 0, 10) == "done")
    #expect(client.ask(.read, stranger, 0, 10) == "object.missing")
    for name in [own, signature] {
      #expect(client.put(name, [1]) == "store.add-only")
      #expect(client.ask(.remove, name) == "store.add-only")
    }
    // What is not there need not be removed, and of another host's nothing is there.
    #expect(client.ask(.remove, stranger) == "done")
    for name in next + [stranger] { #expect(client.put(name, [1]) == "store.add-only") }
    #expect(client.put(next.reversed().map { ($0, [1]) }) == "store.add-only")
    #expect(
      try client.list("rewraps") == [String(folder.dropFirst("rewraps/".count))])
    #expect(try client.list(folder) == ["00000001.json", "00000001.minisig"])
    #expect(try client.list("rewraps/0123456789ABCDEF").isEmpty)
    client.leave()
    #expect(try contents(of: keeper.path("store/rewraps")) == before)
    // Nothing of it waits anywhere else to get there later.
    let waiting = try contents(of: keeper.path("store/.tmp")).keys.filter {
      $0.contains("rewraps/")
    }
    #expect(waiting.isEmpty, "\(waiting)")
  }
}
