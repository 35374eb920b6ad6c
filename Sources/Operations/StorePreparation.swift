package import Configuration
import Repository
import SecretMemory
import Signatures
import Stores
package import SystemPackage
package import Vocabulary

/// Makes what a host needs before its first night: store, state folder, keys.
package enum StorePreparation {
  /// What was made, and what was there already.
  package struct Report: Sendable {
    package let made: [FilePath]
    package let storeWasThere: Bool
    package let storeID: String
    package let host: String
    /// Compartments whose key was made although the ledger knows them: a key was lost.
    package let keyedAnew: [CompartmentName]
  }

  /// Makes what is missing; keeps everything that is there.
  ///
  /// - Parameters:
  ///   - configuration: names all of it.
  ///   - opener: opens a host key that lies sealed.
  /// - Returns: what was made.
  /// - Throws: `keys.not-sealed` where a sealed host key is named and not there, and what keys and
  ///   stores fail with.
  package static func prepare(
    _ configuration: CofferConfiguration, by opener: any HostKeyOpener
  ) throws -> Report {
    // Recipients and sources are looked at first: a typing error shall leave nothing behind.
    let plan = try NightPlan(configuration, only: [])
    let unkeyed = HostKeys.missing(in: configuration)
    let made = try HostKeys.makeMissing(configuration, for: plan.recipients, by: opener)
    let keys = try HostKeys.load(configuration, by: opener)
    try HostState.make(configuration.state)
    let state = try HostState(configuration.state)
    let host = keys.signing.verifyingKey.keyID.description
    let store = try StoreRegistry.open(configuration.store, writer: host)
    let lease = try store.prepareForWriting()
    let wasThere = try store.size(of: .format) != nil
    if !wasThere { try StoreFormat().create(in: store) }
    let known = unkeyed.isEmpty ? [] : knownCompartments(keys, store)
    lease.release()
    state.release()
    return Report(
      made: made, storeWasThere: wasThere, storeID: try StoreFormat.load(from: store).store,
      host: host, keyedAnew: unkeyed.filter(known.contains))
  }

  /// The compartments of the ledger; none where it cannot be read, which a run says better.
  private static func knownCompartments(
    _ keys: HostKeys, _ store: any BlobStore
  ) -> Set<CompartmentName> {
    let ledger = try? Ledger.load(
      from: store, trusting: .key(keys.signing.verifyingKey), unfinishedAfter: nil)
    return Set(ledger?.entries.flatMap { $0.entry.sources.map(\.compartment) } ?? [])
  }
}
