import Testing

@Suite("The store's keeper")
struct StoreKeeperTests {
  @Test func knowsWhatTheLedgersAskForAndRemembersWhoseTheyAre() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    let stranger = try await host.keeper("status")
    stranger.expect(3, "keeper.unknown-host", naming: "--trust")
    let first = try await host.trustingKeeper("status", "--json").expect(0)
    #expect(try first.events().first?.number("snapshots") == 1)
    #expect(try first.events().first?.number("objects") == host.store.addedByLedger().count)
    try await host.night()
    let second = try await host.keeper("status", "--json").expect(0)
    #expect(try second.events().first?.number("snapshots") == 2)
  }

  @Test func seesNoStoreWhereThereIsNoneAndMakesNothingThere() async throws {
    let host = try await Deployment()
    try await host.keeper("status").expect(10, "store.missing")
    #expect(throws: (any Error).self) { try host.store.objects() }
  }
}
