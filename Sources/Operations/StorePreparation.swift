package import Configuration
import Repository
import SecretMemory
import Signatures
import Stores
package import SystemPackage
import Vocabulary

/// Makes what a host needs before its first night: store, state folder, keys.
package enum StorePreparation {
  /// What was made, and what was there already.
  package struct Report: Sendable {
    package let made: [FilePath]
    package let storeWasThere: Bool
    package let storeID: String
    package let host: String
  }

  /// Makes what is missing; keeps everything that is there.
  package static func prepare(_ configuration: CofferConfiguration) throws -> Report {
    // Recipients and sources are looked at first: a typing error shall leave nothing behind.
    _ = try NightPlan(configuration, only: [])
    let made = try HostKeys.makeMissing(configuration)
    let keys = try HostKeys.load(configuration)
    try HostState.make(configuration.state)
    let state = try HostState(configuration.state)
    let host = keys.signing.verifyingKey.keyID.description
    let store = try StoreRegistry.open(configuration.store, writer: host)
    try store.prepareForWriting()
    let wasThere = try store.size(of: .format) != nil
    if !wasThere { try StoreFormat().create(in: store) }
    state.release()
    return Report(
      made: made, storeWasThere: wasThere, storeID: try StoreFormat.load(from: store).store,
      host: host)
  }
}
