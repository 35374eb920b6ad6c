package import Repository
import SecretMemory
package import Vocabulary

/// What a batch of objects is, and what its parity: `docs/formats/store.md`, Parity.
package struct ParityManifest: Sendable, Codable {
  static let type = "coffer-parity"
  /// A batch of the smallest objects has some ten thousand of them.
  static let largest = 64 << 20

  let type: String
  let format: Int
  let store: String
  let dataShards: Int
  let parityShards: Int
  let block: Int
  let columns: Int
  /// The objects of the batch, in the order in which their bytes stand one after the other.
  package let members: [ObjectRecord]
  /// SHA-256 of each parity shard.
  let shards: [SHA256Digest]
  /// CRC-32 of each block, shard by shard, data before parity: base64 of little-endian numbers of 32 bits.
  let checksums: String

  init(
    store: String, _ layout: ParityLayout, _ members: [ObjectRecord], shards: [SHA256Digest],
    checksums: [UInt32]
  ) {
    (type, format, self.store) = (Self.type, StoreFormat.version, store)
    (dataShards, parityShards) = (layout.dataShards, layout.parityShards)
    (block, columns) = (layout.block, layout.columns)
    (self.members, self.shards) = (members, shards)
    let bytes = checksums.flatMap { sum in
      (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) }
    }
    self.checksums = Base64.encode(bytes, padding: .required)
  }
}

/// A batch of objects with its parity, as its manifest describes it.
package struct ParityBatch: Sendable {
  /// The SHA-256 of its manifest's bytes, by which it is called.
  package let id: SHA256Digest
  package let manifest: ParityManifest
  let layout: ParityLayout
  private let manifestSize: Int

  /// Takes the bytes of a manifest.
  ///
  /// - Returns: nil where they are none, or another batch's.
  init?(_ id: SHA256Digest, parsing bytes: [UInt8]) {
    guard SHA256Hasher.digest(of: bytes) == id,
      let manifest = try? JSONDocument.decode(ParityManifest.self, from: bytes),
      manifest.type == ParityManifest.type, manifest.format == StoreFormat.version,
      let layout = ParityLayout(
        dataShards: manifest.dataShards, parityShards: manifest.parityShards,
        block: manifest.block, columns: manifest.columns),
      manifest.shards.count == layout.parityShards,
      manifest.members.allSatisfy({ NeededSet.Facts.sizes.contains($0.size) }),
      manifest.members.allSatisfy({ ObjectName(ledgerText: $0.name) != nil }),
      manifest.members.reduce(0, { $0 &+ $1.size }) <= layout.room
    else { return nil }
    (self.id, self.manifest, self.layout, manifestSize) = (id, manifest, layout, bytes.count)
  }

  /// Reads a batch, from whichever copy of its manifest is whole.
  ///
  /// - Returns: nil where neither is.
  package static func load(_ id: SHA256Digest, from store: any BlobStore) -> ParityBatch? {
    for copy in ParityCopy.allCases {
      let name = ObjectName.parityManifest(id, copy)
      guard let size = try? store.size(of: name), size <= ParityManifest.largest,
        let bytes = try? store.read(name), let batch = ParityBatch(id, parsing: bytes)
      else { continue }
      return batch
    }
    return nil
  }

  /// How much parity it has, in percent of its data, rounded down.
  package var percent: Int { layout.parityShards * 100 / layout.dataShards }

  /// Bytes of all members.
  package var bytes: Int { manifest.members.reduce(0) { $0 + $1.size } }

  /// The objects that make up the parity: both copies of the manifest, and the shards.
  package var objects: [ObjectRecord] {
    ParityCopy.allCases.map {
      ObjectRecord(name: .parityManifest(id, $0), size: manifestSize, sha256: id)
    }
      + manifest.shards.enumerated().map {
        ObjectRecord(name: .parityShard(id, $0), size: layout.shard, sha256: $1)
      }
  }

  /// The checksum of each block, shard by shard, data before parity; nil where there are not as many.
  func checksums() -> [UInt32]? {
    let count = (layout.dataShards + layout.parityShards) * layout.columns
    guard let bytes = Base64.decode(Array(manifest.checksums.utf8), padding: .required),
      bytes.count == 4 * count
    else { return nil }
    return (0..<count).map { place in
      (0..<4).reduce(0) { $0 | UInt32(bytes[4 * place + $1]) << (8 * $1) }
    }
  }
}
