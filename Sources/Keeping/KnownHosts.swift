import LocalFiles
package import Repository
import SecretMemory
package import Signatures
import SystemPackage
import Vocabulary

/// The public keys of the hosts whose ledgers the keeper checks: `hosts/<key id>.pub`, as minisign has them.
package struct KnownHosts: Sendable {
  private let folder: FilePath

  /// Looks into the keeper's folder.
  package init(in keeper: KeeperFolder) {
    folder = keeper.path.appending("hosts")
  }

  /// Remembers a host's key, so that later runs need not be told again.
  ///
  /// - Throws: `keeper.other-key` where another key of this id is known already, `keeper.unusable`.
  package func remember(_ key: VerifyingKey) throws {
    if let known = try self.key(of: key.keyID) {
      guard known == key else {
        throw OperatorError(
          "keeper.other-key", .untrusted, "another key of the id \(key.keyID) is known already",
          hint: "ids do not repeat by chance: find out whose key this is before you remove "
            + "\(path(of: key.keyID))")
      }
      return
    }
    try KeeperFolder.reporting(folder) {
      try DurableFile.makeFolder(folder)
      try Array(key.text.utf8).withBytes { try DurableFile.write($0, to: path(of: key.keyID)) }
    }
  }

  /// Whose word is taken for a host's ledger: its key's, or nobody's where that is not known.
  ///
  /// - Throws: `trust.unreadable` where the key that lies here is none.
  package func trust(in host: KeyID) throws -> LedgerTrust {
    try key(of: host).map { .key($0) } ?? .nobody
  }

  private func key(of host: KeyID) throws -> VerifyingKey? {
    let path = path(of: host)
    do {
      let key = try VerifyingKey(parsing: String(decoding: LocalPath(path).read(), as: UTF8.self))
      if key.keyID == host { return key }
    } catch Errno.noSuchFileOrDirectory {
      return nil
    } catch {}
    throw OperatorError(
      "trust.unreadable", .usage, "\(path) is no minisign public key of \(host)",
      hint: "replace it with the file that 'coffer-backup init' wrote beside the host key, as .pub")
  }

  private func path(of host: KeyID) -> FilePath { folder.appending("\(host).pub") }
}
