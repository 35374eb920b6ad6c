import Foundation
import ProofTools
import Subprocess
import Testing

/// Nights that go over a real `sshd` to a keeper who lets nothing be changed.
@Suite(.serialized, .timeLimit(.minutes(20))) struct RemoteNightTests {
  @Test func aNightASecondNightAndARestoreGoOverSsh() async throws {
    let (host, keeper) = (try await Deployment(), try KeeperMachine())
    try await host.sendNights(to: keeper)
    try await host.night()
    try host.write("second\n", to: "config/second")
    let second = try await host.night()
    #expect(try second.stored() < 40_000, "\(second)")
    #expect(try keeper.store.entries().count == 2)
    try await host.verify(of: keeper.store).expect(0, naming: "ledger head 2 ")
    try await host.drill(of: keeper.store).expect(0)
    // Over ssh, too, as the host itself may need it.
    let far = Store(path: keeper.address)
    try await host.verify(of: far).expect(0, naming: "ledger head 2 ")
    try await host.restore(
      ["run", "--source", "synapse-config", "--target", host.path("restored")]
        + host.allIdentities, from: far
    ).expect(0)
    #expect(try host.folder.readText("restored/second") == "second\n")
    // The keeper was told nothing but a public key, and knows what the store must hold.
    let status = try await Program(path: BuiltTools.store).run([
      "status", "--json", "--store", keeper.store.path,
    ])
    status.expect(0)
    #expect(try status.events().first?.number("snapshots") == 2)
    let journal = try keeper.folder.readText("store/keeper/journal")
    #expect(journal.split(separator: "\n").count == 2 && journal.contains("\"act\":\"received\""))
    // Nothing is left of what was on its way.
    let left = try contents(of: "\(keeper.store.path)/.tmp").filter { $0.value.count > 0 }
    #expect(left.isEmpty, "\(left.keys)")
  }

  @Test func hostsThatShareAKeeperKeepOutOfEachOthersWay() async throws {
    let (first, second) = (try await Deployment(), try await Deployment())
    let keeper = try KeeperMachine()
    try second.write("of the second host\n", to: "bridge/config.yaml")
    for host in [first, second] { try await host.sendNights(to: keeper) }
    for night in 0..<2 {
      for host in [first, second] {
        // Which host it is, the keeper's forced command says.
        try keeper.admit(host)
        try host.write("night \(night)\n", to: "config/night")
        try await host.night()
      }
    }
    for host in [first, second] {
      try await host.verify(of: keeper.store).expect(0, naming: "ledger head 2 ")
      try await host.drill(of: keeper.store).expect(0)
    }
    // One that comes with the other's key is nobody here: it signs what the other must have signed.
    try keeper.admit(first)
    try await second.backup("run").expect(13)
    try await first.verify(of: keeper.store).expect(0, naming: "ledger head 2 ")
    try await second.verify(of: keeper.store).expect(0, naming: "ledger head 2 ")
    let status = try await Program(path: BuiltTools.store).run([
      "status", "--json", "--store", keeper.store.path,
    ])
    let told = try status.expect(0).events().filter { $0.name == "host" }
    #expect(told.map { $0.number("snapshots") } == [2, 2])
  }
}
