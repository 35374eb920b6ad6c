package import Repository
package import Signatures
import SystemPackage

/// Whose word the keeper takes: the keys of hosts, `hosts/<key id>.pub`, and of officers,
/// `officers/<key id>.pub`.
package struct KnownHosts: Sendable {
  private let hosts: KnownKeys
  private let ofOfficers: KnownKeys

  /// Looks into the keeper's folder.
  package init(in keeper: KeeperFolder) {
    hosts = KnownKeys(
      folder: keeper.path.appending("hosts"),
      origin:
        "replace it with the file that 'coffer-backup init' wrote beside the host key, as .pub")
    ofOfficers = KnownKeys(
      folder: keeper.path.appending("officers"),
      origin: "replace it with the file record.pub of the officer's state folder")
  }

  /// Remembers a host's key, so that later runs need not be told again.
  ///
  /// - Throws: `keeper.other-key` where another key of this id is known already, `keeper.unusable`.
  package func remember(_ key: VerifyingKey) throws { try hosts.remember(key) }

  /// Remembers the key of an officer who rewraps.
  ///
  /// - Throws: as `remember`.
  package func remember(officer key: VerifyingKey) throws { try ofOfficers.remember(key) }

  /// Whose word is taken for a host's ledger: its key's, or nobody's where that is not known.
  ///
  /// - Throws: `trust.unreadable` where the key that lies here is none.
  package func trust(in host: KeyID) throws -> LedgerTrust {
    try hosts[host].map { .key($0) } ?? .nobody
  }

  /// The officers whose word is taken for what they rewrapped.
  ///
  /// - Throws: `trust.unreadable`, `keeper.unusable`.
  package func officers() throws -> [VerifyingKey] { try ofOfficers.all() }
}
