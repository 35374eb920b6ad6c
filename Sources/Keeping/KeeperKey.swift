import LocalFiles
import SecretMemory
package import Signatures
package import SystemPackage
import Vocabulary

/// The keeper's signing key: `keeper.key` in his folder, mode 0600, its public half beside it as `.pub`.
///
/// It signs what the keeper saw and what he removed. It opens nothing, and signs no snapshot.
package struct KeeperKey: Sendable {
  private let secret: FilePath
  private let folder: FilePath

  /// The public half's file, which readers are given as `--keeper`.
  package let publicHalf: FilePath

  /// Looks into the keeper's folder.
  package init(in keeper: KeeperFolder) {
    folder = keeper.path
    secret = keeper.path.appending("keeper.key")
    publicHalf = keeper.path.appending("keeper.pub")
  }

  /// Reads the key.
  ///
  /// - Returns: nil where there is none yet.
  /// - Throws: `keys.damaged`.
  package func load() throws -> SigningKey? {
    guard LocalPath(secret).exists else { return nil }
    do {
      return try SecretFile.read(secret).withBytes { try SigningKey(parsing: $0) }
    } catch let error as SignatureError {
      throw OperatorError(
        "keys.damaged", .usage, "the keeper's key \(secret) cannot be used: \(error)",
        hint: "put it back from a copy: no other key continues the store's receipts")
    }
  }

  /// Makes the key.
  ///
  /// - Throws: `keeper.unusable`, also where there is one.
  package func make() throws -> SigningKey {
    let key = SigningKey.generate()
    try KeeperFolder.reporting(secret) {
      try Array(key.verifyingKey.text.utf8).withBytes {
        try DurableFile.write($0, to: publicHalf, mode: [.ownerReadWrite, .groupRead, .otherRead])
      }
      // Last: a public half without it is replaced.
      try key.withText { try DurableFile.write($0, to: secret, taken: .refuse) }
    }
    return key
  }
}
