import Foundation
import ProofTools
import Testing

/// A night that builds upon an object which goes away while it runs: a keeper, or anybody, removed it.
@Suite("An object that goes while a night runs", .serialized, .timeLimit(.minutes(10)))
struct LostObjectTests {
  private enum Kind: String, CaseIterable {
    case pack, header, index

    func isOne(_ name: String) -> Bool {
      switch self {
      case .pack: name.hasPrefix("packs/") && !name.hasSuffix(".header")
      case .header: name.hasSuffix(".header")
      case .index: name.hasPrefix("indexes/")
      }
    }
  }

  /// Removes an object once a run has put one pack more into the store.
  private static let losing = """
    store=$1 lost=$2 before=$3
    shift 3
    "$@" & run=$!
    packs() { find "$store/packs" -type f ! -name "*.header" | wc -l; }
    while [ "$(packs)" -le "$before" ] && kill -0 $run; do sleep 0.01; done
    rm "$store/$lost"
    wait $run

    """

  @Test(arguments: Kind.allCases)
  private func isNotSignedForAndTheNextNightStoresAnewWhatItHeld(kind: Kind) async throws {
    var chance = SeededChance(for: "an object that goes while a night runs, \(kind)")
    let host = try await Deployment()
    try await host.writeNoise(2_000_000, to: "config/noise", &chance)
    try await host.initialise()
    try await host.night()
    let first = try host.store.added(by: host.store.entries()[0])
    let lost = try #require(first.filter(kind.isOne).sorted().randomElement(using: &chance))
    // Three packs more: the first of them is there long before the night comes to its end.
    for number in 0..<3 {
      try await host.writeNoise(40_000_000, to: "config/new-\(number)", &chance)
    }
    // A shell sees to it: what waits in this process may be late where all proofs run at once.
    let script = try host.folder.write(Self.losing, to: "losing.sh")
    host.wrapper = ["/bin/bash", script, host.store.path, lost, "\(try host.store.packs().count)"]
    let night = try await host.backup("run")
    host.wrapper = []
    night.expect(1, "run.object-lost", naming: lost, "run again")
    #expect(try host.store.entries().count == 1)
    #expect(try host.store.names("ledger", ending: ".minisig").count == 1)
    #expect(try contents(of: host.path("store/.tmp")).allSatisfy { $0.value.isEmpty })
    // What the stopped night had sent is used; what went is sealed anew.
    let sent = try Set(host.store.packs())
    try await host.backup("run").expect(0)
    #expect(try host.store.entries().count == 2)
    #expect(try sent.subtracting(host.store.addedByLedger()).isEmpty)
    try await host.drill().expect(0)
    try await host.night()
    try await host.drill().expect(0)
  }
}
