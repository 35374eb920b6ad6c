import Foundation
import ProofTools
import Testing

/// Hosts that share a store, each with its own key and ledger.
@Suite(.serialized, .timeLimit(.minutes(20))) struct TwoHostsTests {
  @Test func twoHostsOnOneStoreSaveAndRestoreAndKeepOutOfEachOthersWay() async throws {
    let (first, second) = (try await Deployment(), try await Deployment())
    try second.write("of the second host\n", to: "bridge/config.yaml")
    let own = "store: \(second.path("store"))\n"
    let yaml = try second.folder.readText("coffer.yaml")
    try second.write(yaml.replacing(own, with: "store: \(first.store.path)\n"), to: "coffer.yaml")
    let hosts = [first, second]
    try await first.initialise()
    try await first.night()
    let ledgers = "\(first.store.path)/ledger"
    let ledger = try #require(try FileManager.default.contentsOfDirectory(atPath: ledgers).first)
    try await second.initialise()
    // A reader who trusts a host without a ledger has the wrong key or the wrong store.
    try await second.verify(of: first.store).expect(13, "ledger.unknown-host")
    for night in 0..<2 {
      for host in hosts {
        try host.write("night \(night)\n", to: "config/night")
        try await host.night()
      }
    }
    for host in hosts {
      try await host.verify(of: first.store).expect(0)
      try await host.drill(of: first.store).expect(0)
      let target = host.path("restored")
      try await host.restore(
        ["run", "--source", "bridge-config", "--target", target] + host.allIdentities,
        from: first.store
      ).expect(0)
      #expect(
        try host.folder.readText("restored/config.yaml")
          == host.folder.readText("bridge/config.yaml"))
    }
    // Neither opens what is the other's.
    try await second.restore(["verify"] + first.allIdentities, from: first.store).expect(12)
    #expect(try first.store.names("ledger", ending: ".json").count == 5)
    // A host whose ledger is gone from the store does not begin another.
    try first.store.remove("ledger/\(ledger)")
    try await first.backup("run").expect(13, "ledger.unknown-host")
    try await second.night()
  }
}
