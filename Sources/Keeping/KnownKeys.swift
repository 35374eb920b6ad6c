import LocalFiles
import Repository
import SecretMemory
import Signatures
import SystemPackage
import Vocabulary

/// Public keys in a folder of the keeper's: `<key id>.pub`, as minisign has them.
struct KnownKeys: Sendable {
  let folder: FilePath
  /// Where an operator gets such a key from.
  let origin: String

  /// Remembers a key, so that later runs need not be told again.
  ///
  /// - Throws: `keeper.other-key` where another key of this id is known already, `keeper.unusable`.
  func remember(_ key: VerifyingKey) throws {
    if let known = try self[key.keyID] {
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

  /// The key of an id, nil where it is not known.
  ///
  /// - Throws: `trust.unreadable` where what lies here is none.
  subscript(_ id: KeyID) -> VerifyingKey? {
    get throws {
      let path = path(of: id)
      do {
        let key = try VerifyingKey(parsing: String(decoding: LocalPath(path).read(), as: UTF8.self))
        if key.keyID == id { return key }
      } catch Errno.noSuchFileOrDirectory {
        return nil
      } catch {}
      throw OperatorError(
        "trust.unreadable", .usage, "\(path) is no minisign public key of \(id)", hint: origin)
    }
  }

  /// All of them.
  ///
  /// - Throws: `trust.unreadable`, `keeper.unusable`.
  func all() throws -> [VerifyingKey] {
    let names: [String]
    do {
      names = try LocalPath(folder).names()
    } catch Errno.noSuchFileOrDirectory {
      return []
    } catch let error as Errno {
      throw OperatorError("keeper.unusable", .failed, "cannot use the keeper's \(folder): \(error)")
    }
    return try names.sorted().compactMap { name in
      guard name.hasSuffix(".pub"), let id = KeyID(String(name.dropLast(".pub".count))) else {
        return nil
      }
      return try self[id]
    }
  }

  private func path(of id: KeyID) -> FilePath { folder.appending("\(id).pub") }
}
