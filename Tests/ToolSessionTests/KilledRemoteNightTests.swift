import Foundation
import Glibc
import ProofTools
import Subprocess
import Testing

/// Nights over ssh that end in the middle, by whichever side's fault.
@Suite(.serialized, .timeLimit(.minutes(20))) struct KilledRemoteNightTests {
  private func scene(_ chance: inout SeededChance) async throws -> (Deployment, KeeperMachine) {
    let (host, keeper) = (try await Deployment(), try KeeperMachine())
    try await host.sendNights(to: keeper)
    for number in 0..<3 {
      try await host.writeNoise(30_000_000, to: "config/large-\(number)", &chance)
    }
    return (host, keeper)
  }

  /// The large packs that have arrived.
  private func arrived(at keeper: KeeperMachine) throws -> [String] {
    let folder = "\(keeper.store.path)/.tmp"
    return try FileManager.default.subpathsOfDirectory(atPath: folder).filter { name in
      let attributes = try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
      return name.contains("/incoming/packs/") && attributes?[.size] as? Int ?? 0 > 10_000_000
    }
  }

  /// The night after goes well, and sends nothing again that had arrived.
  private func expectResumed(
    _ host: Deployment, _ keeper: KeeperMachine, arrived before: [String]
  ) async throws {
    let night = try await host.night()
    let needed = try keeper.store.addedByLedger()
    let names = before.compactMap { $0.split(separator: "/").last.map(String.init) }
    let used = names.filter { name in needed.contains { $0.hasSuffix(name) } }
    #expect(used == names, "\(used.count) of \(names.count): \(night)")
    let stored = try night.stored()
    #expect(stored < 92_000_000 - 20_000_000 * used.count, "\(stored), \(used.count): \(night)")
    try await host.verify(of: keeper.store).expect(0)
    try await host.drill(of: keeper.store).expect(0)
  }

  @Test(arguments: ["host", "keeper"])
  func aNightThatIsKilledIsGoneOnWith(killed: String) async throws {
    var chance = SeededChance(for: "a night over ssh, \(killed) killed")
    let (host, keeper) = try await scene(&chance)
    let night = try await host.backup("run") { run in
      try await until { try arrived(at: keeper).count > 0 }
      if killed == "host" {
        try run.send(signal: .kill)
      } else {
        kill(try keeper.serverProcess, SIGKILL)
      }
    }
    if killed == "host" {
      #expect(night.status == 128 + 9)
    } else {
      night.expect(1, "store.unreachable", naming: "what has arrived there is used")
    }
    #expect(try keeper.store.entries().isEmpty && keeper.store.packs().isEmpty)
    let before = try arrived(at: keeper)
    #expect(!before.isEmpty)
    try await expectResumed(host, keeper, arrived: before)
  }

  @Test func killedAgainAndAgainAtAnyMomentNothingIsLost() async throws {
    var chance = SeededChance(for: "nights over ssh, killed at any moment")
    let (host, keeper) = (try await Deployment(), try KeeperMachine())
    try await host.sendNights(to: keeper)
    try await host.writeNoise(20_000_000, to: "config/large", &chance)
    for round in 0..<8 {
      let moment = Duration.milliseconds(Int.random(in: 50...1500, using: &chance))
      _ = try await host.backup("run") { run in
        try await Task.sleep(for: moment)
        if round % 2 == 0 {
          try? run.send(signal: .kill)
        } else if let process = try? keeper.serverProcess {
          kill(process, SIGKILL)
        }
      }
      let entries = try keeper.store.entries().count
      if entries > 0 { try await host.verify(of: keeper.store).expect(0) }
      if round % 3 == 2 {
        try await host.night()
        try await host.writeNoise(3_000_000, to: "config/new-\(round)", &chance)
      }
    }
    try await host.night()
    try await host.verify(of: keeper.store).expect(0)
    try await host.drill(of: keeper.store).expect(0)
  }

  @Test func whoeverCannotBeReachedIsNamedWithWhatSshSays() async throws {
    let (host, keeper) = (try await Deployment(), try KeeperMachine())
    try await host.sendNights(to: keeper)
    let known = try keeper.folder.readText("known_hosts")
    // A machine that is not the one we know.
    try keeper.folder.write("", to: "known_hosts")
    try await host.backup("run").expect(
      1, "store.unreachable", naming: "Host key verification failed")
    try keeper.folder.write(known, to: "known_hosts")
    // A key that is not let in.
    let keys = try keeper.folder.readText("authorized_keys")
    try keeper.folder.write("", to: "authorized_keys")
    try await host.backup("run").expect(1, "store.unreachable", naming: "Permission denied")
    // A shell that talks, and no server.
    try keeper.folder.write(
      keys.replacing(#/command="[^"]*"/#, with: "command=\"echo Welcome to this machine\""),
      to: "authorized_keys")
    try await host.backup("run").expect(1, "store.protocol", naming: "authorized_keys")
    try keeper.folder.write(keys, to: "authorized_keys")
    // Another store than the keeper's.
    let yaml = try host.folder.readText("coffer.yaml")
    try host.write(yaml.replacing(keeper.address, with: keeper.address + "2"), to: "coffer.yaml")
    try await host.backup("run").expect(14, "receive.other-store")
    try host.write(
      yaml.replacing(keeper.address, with: "ssh://-oProxyCommand=x/y"), to: "coffer.yaml")
    try await host.backup("run").expect(2, "store.address")
    try host.write(yaml, to: "coffer.yaml")
    try await host.night()
  }

  @Test func aNightThatFindsNoRoomSaysSoAndLosesNothing() async throws {
    var chance = SeededChance(for: "a night over ssh, quota")
    let (host, keeper) = (try await Deployment(), try KeeperMachine())
    try await host.sendNights(to: keeper, quota: "30M")
    try await host.night()
    try await host.writeNoise(40_000_000, to: "config/large", &chance)
    try await host.backup("run").expect(14, "receive.quota", naming: "--quota")
    try await host.verify(of: keeper.store).expect(0)
    try keeper.admit(host, quota: "100M")
    try await host.night()
    try await host.drill(of: keeper.store).expect(0)
  }
}
