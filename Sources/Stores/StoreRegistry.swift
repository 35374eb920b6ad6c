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

  /// Takes the right of every other writer to a store: no night is under way while they are held.
  ///
  /// - Parameters:
  ///   - location: the store.
  ///   - own: the caller's own name, whose right he has.
  /// - Returns: the rights, to be released soon: a night that begins meanwhile waits a little, then fails.
  /// - Throws: `run.locked` where a night is under way; none is held then.
  package static func quiet(_ location: String, but own: String) throws -> [any WriterLease] {
    let writers = try open(location).list(".tmp").filter { $0 != own }
    var leases: [any WriterLease] = []
    do {
      for writer in writers {
        leases.append(try open(location, writer: writer).prepareForWriting())
      }
    } catch {
      for lease in leases { lease.release() }
      throw error
    }
    return leases
  }
}
