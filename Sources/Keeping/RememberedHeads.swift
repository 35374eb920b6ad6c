import LocalFiles
package import Repository
import SecretMemory
package import Signatures
import SystemPackage
import Vocabulary

/// The head of each host's ledger as the keeper saw it last: `heads.json`.
///
/// A store that holds less, or something else, was rolled back or rewritten.
package struct RememberedHeads: Sendable {
  private let path: FilePath
  private var heads: [String: LedgerHead]

  /// Reads what is remembered; nothing on the first run.
  ///
  /// - Throws: `keeper.unusable`.
  package init(in keeper: KeeperFolder) throws {
    path = keeper.path.appending("heads.json")
    do {
      heads = try JSONDocument.decode([String: LedgerHead].self, from: LocalPath(path).read())
    } catch Errno.noSuchFileOrDirectory {
      heads = [:]
    } catch Errno.permissionDenied {
      throw OperatorError(
        "keeper.unusable", .failed, "cannot read the keeper's \(path): \(Errno.permissionDenied)",
        hint:
          "a verb was run as another account: give the keeper's folder back to this one, with chown -R"
      )
    } catch {
      throw OperatorError(
        "keeper.unusable", .failed,
        "cannot read the keeper's \(path): \(KeeperFolder.reason(error))",
        hint: "where it is damaged, remove it: a ledger that was rolled back is not seen then")
    }
  }

  /// The hosts of which something is remembered.
  package var hosts: [KeyID] { heads.keys.compactMap { KeyID($0) } }

  /// The head that is remembered of a host.
  package subscript(host: KeyID) -> LedgerHead? { heads[host.description] }

  /// Remembers other heads from now on.
  ///
  /// - Throws: `keeper.unusable`.
  package mutating func remember(_ seen: [KeyID: LedgerHead]) throws {
    for (host, head) in seen { heads[host.description] = head }
    let text = try JSONDocument.pretty(heads)
    try KeeperFolder.reporting(path) { try text.withBytes { try DurableFile.write($0, to: path) } }
  }
}
