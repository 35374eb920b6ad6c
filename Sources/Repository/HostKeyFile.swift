import LocalFiles
package import Signatures
package import SystemPackage
import Vocabulary

extension VerifyingKey {
  /// Reads a backed-up host's public key, as `coffer-backup init` wrote it.
  ///
  /// - Throws: `trust.unreadable`.
  package init(hostKeyAt path: FilePath) throws {
    try self.init(
      at: path,
      hint: "it is the file that 'coffer-backup init' wrote beside the host key, as .pub")
  }

  /// Reads an officer's public key, as `coffer-custody` keeps it beside the custody record.
  ///
  /// - Throws: `trust.unreadable`.
  package init(officerKeyAt path: FilePath) throws {
    try self.init(at: path, hint: "it is the file record.pub of the officer's state folder")
  }

  /// Reads a keeper's public key, as the first run of `coffer-store retain` or `hold` wrote it.
  ///
  /// - Throws: `trust.unreadable`.
  package init(keeperKeyAt path: FilePath) throws {
    try self.init(at: path, hint: "it is the file keeper.pub of the keeper's folder")
  }

  private init(at path: FilePath, hint: String) throws {
    let text: String
    do {
      text = String(decoding: try LocalPath(path).read(), as: UTF8.self)
    } catch {
      throw OperatorError("trust.unreadable", .usage, "cannot read the key \(path): \(error)")
    }
    do {
      self = try VerifyingKey(parsing: text)
    } catch {
      throw OperatorError(
        "trust.unreadable", .usage, "\(path) is no minisign public key: \(error)",
        hint: hint)
    }
  }
}
