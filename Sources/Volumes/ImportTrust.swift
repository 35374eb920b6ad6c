package import Keeping
import Repository
package import Signatures

/// Whose signatures count in an import.
package struct ImportTrust: Sendable {
  private let named: [KeyID: VerifyingKey]
  private let namedOfficers: [KeyID: VerifyingKey]
  private let namedKeepers: [KeyID: VerifyingKey]
  private let folder: KeeperFolder?

  /// Takes keys that the operator named, and those that the keeper knows, if he has a folder yet.
  package init(
    hosts: [VerifyingKey] = [], officers: [VerifyingKey] = [], keepers: [VerifyingKey] = [],
    rememberedIn folder: KeeperFolder?
  ) {
    (named, namedOfficers) = (Self.byID(hosts), Self.byID(officers))
    namedKeepers = Self.byID(keepers)
    self.folder = folder
  }

  /// A host's key, nil where it is not known.
  ///
  /// - Throws: `trust.unreadable`.
  func key(of host: KeyID) throws -> VerifyingKey? {
    if let key = named[host] { return key }
    guard case .key(let key)? = try folder.map({ try KnownHosts(in: $0).trust(in: host) }) else {
      return nil
    }
    return key
  }

  /// The officers whose word is taken for what they rewrapped.
  ///
  /// - Throws: `trust.unreadable`, `keeper.unusable`.
  func officers() throws -> [VerifyingKey] {
    let known = try folder.map { try KnownHosts(in: $0).officers() } ?? []
    return known + namedOfficers.values.filter { !known.contains($0) }
  }

  /// Another keeper's key, nil where it is not known.
  ///
  /// - Throws: `trust.unreadable`.
  func key(ofKeeper keeper: KeyID) throws -> VerifyingKey? {
    try namedKeepers[keeper] ?? folder.flatMap { try KnownKeepers(in: $0).key(of: keeper) }
  }

  private static func byID(_ keys: [VerifyingKey]) -> [KeyID: VerifyingKey] {
    Dictionary(keys.map { ($0.keyID, $0) }) { first, _ in first }
  }
}
