package import Repository
import SystemPackage
import Vocabulary

/// Every kind of place a store can lie in, by the form of its name.
package enum StoreRegistry {
  /// Opens what `store:` in a configuration, or `--store`, names.
  ///
  /// - Parameters:
  ///   - location: a directory, or `ssh://keeper@host/path`.
  ///   - writer: a name of the caller's own for temporary files; readers need none.
  /// - Returns: the store, not yet looked at.
  /// - Throws: `store.kind` for a scheme nobody knows, `store.address` for an address that is none.
  package static func open(_ location: String, writer: String = "reader") throws -> any BlobStore {
    guard let scheme = location.firstRange(of: "://") else {
      return DirectoryStore(FilePath(location), writer: writer)
    }
    if location[..<scheme.lowerBound] == "ssh" { return try RemoteStore(location) }
    throw OperatorError(
      "store.kind", .usage,
      "stores of the kind '\(location[..<scheme.lowerBound])' are not known: '\(location)'",
      hint: "name a directory, or ssh://keeper@host/path")
  }
}
