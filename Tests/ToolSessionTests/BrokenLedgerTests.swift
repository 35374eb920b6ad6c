import Foundation
import ProofTools
import Testing

/// A keeper one entry of whose store is damaged: what the ledger asks for after it is not known to him.
@Suite("A ledger that is broken in the middle")
struct BrokenLedgerTests {
  private enum Damage: CaseIterable { case altered, lost }

  @Test(arguments: Damage.allCases)
  private func costsNothingThatItAskedForAndIsMendedFromAnyCopy(damage: Damage) async throws {
    let host = try await Deployment()
    try await host.initialise()
    for night in 0..<3 {
      try host.write("night \(night)\n", to: "config/night")
      try await host.night()
    }
    try await host.trustingKeeper("protect").expect(0)
    let set = try await host.export("2M", to: "out")
    let before = try host.store.objects().filter { !$0.key.hasPrefix("keeper/") }
    let entry = try host.store.entries()[1]
    let bytes = try host.store.data(entry)
    switch damage {
    case .altered: try host.store.flipAByte(of: entry)
    case .lost: try host.store.remove(entry)
    }
    // The jobs of a night, which nobody watches.
    for verb in [["protect"], ["scrub"], ["scrub", "--repair"], ["import", "--from", set.path]] {
      let run = try await host.keeper(verb + ["--json"])
      run.expect(13, naming: entry)
      #expect(try run.events().allSatisfy { $0.name != "unreferenced" }, "\(run)")
    }
    let retain = ["retain", "--keep-last", "1", "--apply"]
    try await host.keeper(retain + ["--state", host.path("own")] + trust(host)).expect(13)
    try host.store.write(bytes, to: entry)
    let after = try host.store.objects()
    for (name, size) in before { #expect(after[name] == size, "\(name)") }
    let scrub = try await host.keeper("scrub", "--json").expect(0)
    #expect(try scrub.events().last?.number("unprotected") == 0)
  }

  private func trust(_ host: Deployment) -> [String] { ["--trust", host.path("keys/host.pub")] }
}
