import SecretMemory
import Vocabulary

/// `coffer.json`: which version a store is of, and which store it is.
package struct StoreFormat: Sendable, Codable {
  /// The version this program writes and reads.
  package static let version = 1
  private static let largest = 1 << 16

  package let format: Int
  /// 32 hexadecimal digits, drawn when the store was made.
  package let store: String

  /// A new store's.
  package init() {
    format = Self.version
    store = Hexadecimal.encode(Randomness.bytes(count: 16))
  }

  /// Reads a store's.
  ///
  /// - Throws: `store.missing` where there is none, `store.version` where it is of another version.
  package static func load(from store: any BlobSource) throws -> StoreFormat {
    guard try store.size(of: .format) != nil else {
      throw OperatorError(
        "store.missing", .noStore, "no store at \(store.location): it holds no coffer.json",
        hint: "make one with 'coffer-backup init', or check the path")
    }
    guard
      let found = try? JSONDocument.decode(
        StoreFormat.self, from: store.read(.format, atMost: largest)),
      Hexadecimal.decode(found.store)?.count == 16
    else {
      throw OperatorError(
        "store.damaged", .mismatch, "coffer.json at \(store.location) cannot be read",
        hint: "put in its place that of another copy of the store: all copies have the same")
    }
    guard found.format == version else {
      throw OperatorError(
        "store.version", .failed,
        "the store at \(store.location) is of version \(found.format), this program knows \(version)",
        hint: "use a newer coffer")
    }
    return found
  }

  /// Writes the store's first object.
  package func create(in store: any BlobStore) throws {
    try JSONDocument.pretty(self).withBytes { try store.put(.format, $0) }
  }
}
