package import Configuration
package import Repository
import Signatures
import Stores
package import Vocabulary

/// What a host knows of its backups, checked against the store.
package struct HostStatus: Sendable {
  package let head: LedgerHead?
  package let isRunning: Bool
  package let lastSuccess: [String: Timestamp]
  package let neverSaved: [String]

  /// Gathers it; reads the ledger, and no pack.
  ///
  /// - Parameters:
  ///   - configuration: of the host.
  ///   - opener: opens a host key that lies sealed.
  /// - Returns: what it knows.
  /// - Throws: `ledger.rolled-back` where the store lacks what the state folder remembers.
  package static func gather(
    _ configuration: CofferConfiguration, by opener: any HostKeyOpener
  ) throws -> HostStatus {
    let keys = try HostKeys.load(configuration, by: opener)
    let store = try StoreRegistry.open(configuration.store)
    let known = try HostState.head(in: configuration.state)
    let ledger = try Ledger.load(
      from: store, trusting: .key(keys.signing.verifyingKey),
      unfinishedAfter: known?.sequence ?? LedgerSequence(0))
    if let known { try ledger.mustContain(known.sha256, rememberedBy: "the state folder") }
    let successes = try HostState.lastReport(in: configuration.state)?.lastSuccess ?? [:]
    return HostStatus(
      head: ledger.head, isRunning: HostState.isTaken(configuration.state),
      lastSuccess: successes,
      neverSaved: configuration.sources.map(\.source.name.text).filter { successes[$0] == nil })
  }
}
