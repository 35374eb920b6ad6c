import Foundation
import ProofTools
import Testing

/// Nights that were thinned out before they crossed the air gap.
@Suite("Across the air gap, thinned out", .timeLimit(.minutes(20)))
struct LetGoTransferTests {
  private let gone = 3

  /// Six nights, of which the keeper let three go.
  private func thinnedOut() async throws -> Deployment {
    let host = try await Deployment.seenByItsKeeper()
    try host.markWhatMayGo()
    let removal = try await host.retain("--apply", "--json").expect(0)
    let event = try #require(try removal.events().first { $0.name == "removed" })
    #expect(event.texts("snapshots").count == gone)
    return host
  }

  private func export(_ host: Deployment, to name: String, _ arguments: String...) async throws
    -> Volumes
  {
    let export = try await host.keeper(
      ["export", "--json", "--to", host.path(name), "--volume-size", "5M"] + host.keeperState
        + arguments)
    export.expect(0)
    return Volumes(path: try #require(try export.values(of: "folder").last))
  }

  private func takeIn(_ host: Deployment, _ set: Volumes, _ arguments: String...) async throws
    -> Program.Outcome
  {
    try await host.farKeeper(
      ["import", "--json", "--trust", host.path("keys/host.pub")] + arguments + farState(host)
        + ["--from", set.path])
  }

  private func farState(_ host: Deployment) -> [String] { ["--state", host.path("far-keeper")] }

  @Test func whatWasLetGoOfIsNotMissedOnTheOtherSide() async throws {
    let host = try await thinnedOut()
    let set = try await export(host, to: "out")
    let taken = try await takeIn(host, set, "--keeper", host.path("keeper/keeper.pub"))
    taken.expect(0)
    let event = try #require(try taken.events().first { $0.name == "never-came" })
    #expect(event.texts("snapshots").count == gone)
    try await host.farKeeper(["scrub"] + farState(host)).expect(0)
    try await host.farKeeper(["status"] + farState(host)).expect(0, naming: "3 snapshots")
    // Who restores there is told by the keeper there.
    let keeper = ["--keeper", host.path("far-keeper/keeper.pub")]
    try await host.restore(["verify"] + host.allIdentities + keeper, from: host.far).expect(0)
    try await host.drill(of: host.far).expect(0)
    // The receipt asks for nothing that is not to be had, and the key need not be named again.
    try await host.night()
    let more = try await export(
      host, to: "more", "--since", host.path("far-keeper/receipt.json"))
    try await takeIn(host, more).expect(0)
    try await host.farKeeper(["scrub"] + farState(host)).expect(0)
    // Thinning out goes on there, with entries of its own.
    try await host.farKeeper(["retain", "--keep-last", "1", "--apply"] + farState(host)).expect(0)
    try await host.farKeeper(["scrub"] + farState(host)).expect(0)
  }

  @Test func withoutTheKeepersKeyTheSetCountsAndNothingIsTakenForGranted() async throws {
    let host = try await thinnedOut()
    let set = try await export(host, to: "out")
    let stranger = try await takeIn(host, set)
    stranger.expect(3, "import.unknown-keeper", naming: "3 snapshots", "--keeper")
    #expect(try host.far.entries().count == 6)
    try await host.drill(of: host.far).expect(0)
    try await host.farKeeper(["scrub"] + farState(host)).expect(4, "scrub.hurt")
    // A key that is not his does not help; his does, later on.
    try await takeIn(host, set, "--keeper", host.path("keys/host.pub"))
      .expect(5, "import.unknown-keeper")
    try await takeIn(host, set, "--keeper", host.path("keeper/keeper.pub")).expect(0)
    try await host.farKeeper(["scrub"] + farState(host)).expect(0)
  }

  @Test func whatIsWholeOnTheOtherSideStaysWhole() async throws {
    let host = try await Deployment.seenByItsKeeper()
    let before = try await export(host, to: "before")
    try await takeIn(host, before, "--keeper", host.path("keys/host.pub")).expect(0)
    try host.markWhatMayGo()
    try await host.retain("--apply").expect(0)
    try await host.night()
    let after = try await export(host, to: "after")
    try await takeIn(host, after, "--keeper", host.path("keeper/keeper.pub")).expect(0)
    try await host.farKeeper(["status"] + farState(host)).expect(0, naming: "7 snapshots")
    try await host.verify(of: host.far).expect(0)
    // What is lost there afterwards is lost, and is not explained away.
    let oldest = try host.snapshot(of: host.store.entries()[0])
    let manifest = try #require(
      host.far.names("manifests").first { $0.contains(oldest) })
    try host.far.remove(manifest)
    try await host.farKeeper(["scrub"] + farState(host)).expect(4, "scrub.hurt", naming: manifest)
  }

  /// The keeper's own last set says what he let go of, where his entries are lost with their disk.
  @Test func whatAKeeperLetGoOfIsKnownAgainFromHisLastSet() async throws {
    let host = try await thinnedOut()
    let set = try await export(host, to: "out")
    try host.remove("store/receipts")
    try await host.keeper(["scrub"] + host.keeperState).expect(13, "receipts.rolled-back")
    let anew = ["--trust", host.path("keys/host.pub"), "--state", host.path("new-keeper")]
    try await host.keeper(["scrub"] + anew).expect(4, "scrub.hurt")
    let back = ["import", "--keeper", host.path("keeper/keeper.pub"), "--from", set.path]
    try await host.keeper(back + anew).expect(0, naming: "had let go of 3 of the snapshots")
    try await host.keeper(["scrub"] + anew).expect(0)
  }
}
