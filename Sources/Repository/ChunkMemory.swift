package import Vocabulary

/// A pack as the host's catalog numbers it; never used twice, not even after a crash.
package struct PackHandle: Sendable, Hashable, Comparable {
  package let number: Int64

  package init(_ number: Int64) {
    self.number = number
  }

  package static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

/// A pack that is sealed and about to go to the store.
package struct SealedPack: Sendable {
  package let name: SHA256Digest
  /// Length of the payload in bytes.
  package let size: Int
  package let headerSize: Int
  package let headerSHA256: SHA256Digest
  /// The pack's part of an index, `IndexFile.record(of:)`.
  package let record: [UInt8]
  package let chunks: [ChunkID]

  /// Puts together what is known of a pack.
  package init(
    name: SHA256Digest, size: Int, headerSize: Int, headerSHA256: SHA256Digest, record: [UInt8],
    chunks: [ChunkID]
  ) {
    (self.name, self.size) = (name, size)
    (self.headerSize, self.headerSHA256) = (headerSize, headerSHA256)
    (self.record, self.chunks) = (record, chunks)
  }
}

/// What a compartment's writer must know of chunks that are already kept.
package protocol ChunkMemory: AnyObject {
  /// The pack that holds a chunk, or nil where it must be stored.
  func pack(holding chunk: ChunkID) throws -> PackHandle?

  /// A handle for the next pack.
  func reservePack() -> PackHandle

  /// Remembers a pack durably, before it goes to the store, so that no crash makes it unknown.
  func remember(_ pack: SealedPack, as handle: PackHandle) throws
}
