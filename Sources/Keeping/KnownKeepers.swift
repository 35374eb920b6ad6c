package import Signatures
import SystemPackage

/// The public keys of other keepers, whose word is taken for what they let go of: `keepers/<key id>.pub`.
package struct KnownKeepers: Sendable {
  private let keys: KnownKeys

  /// Looks into the keeper's folder.
  package init(in keeper: KeeperFolder) {
    keys = KnownKeys(
      folder: keeper.path.appending("keepers"),
      origin: "replace it with that keeper's keeper.pub")
  }

  /// Remembers a keeper's key, so that later runs need not be told again.
  ///
  /// - Throws: `keeper.other-key` where another key of this id is known already, `keeper.unusable`.
  package func remember(_ key: VerifyingKey) throws { try keys.remember(key) }

  /// A keeper's key; nil where it is not known.
  ///
  /// - Throws: `trust.unreadable` where the key that lies here is none.
  package func key(of keeper: KeyID) throws -> VerifyingKey? { try keys[keeper] }
}
