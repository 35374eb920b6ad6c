import Repository
import SecretMemory
import Vocabulary

/// The bytes of a volume that holds objects: a tar archive, its list first.
struct DataVolume {
  private let volume: VolumeLayout.Volume
  private let store: any BlobStore

  /// Prepares to read a volume's objects from a store.
  init(_ volume: VolumeLayout.Volume, from store: any BlobStore) {
    (self.volume, self.store) = (volume, store)
  }

  /// Hands on all bytes, one piece after the other; each object is proven on the way.
  ///
  /// - Throws: `object.missing`, `object.size`, `object.digest`, of status `mismatch`, what the store fails
  ///   with, and what `take` throws.
  func write(to take: (RawSpan) throws -> Void) throws {
    func hand(on bytes: [UInt8]) throws { try bytes.withBytes { try take($0) } }
    let list = Array(volume.members.map(\.line).joined().utf8)
    try hand(on: header(VolumeSetManifest.list(of: volume.number), list.count))
    try hand(on: list + padding(list.count))
    for member in volume.members {
      try hand(on: header(member.name.path, member.facts.size))
      try copy(member, to: take)
      try hand(on: padding(member.facts.size))
    }
    try hand(on: [UInt8](repeating: 0, count: TarHeader.endSize))
  }

  private func copy(_ member: VolumeMember, to take: (RawSpan) throws -> Void) throws {
    var proof = CopyProof(member.name, member.facts)
    try store.stream(member.name) { bytes in
      try proof.add(bytes)
      try take(bytes)
    }
    try proof.finish()
  }

  private func header(_ name: String, _ size: Int) -> [UInt8] {
    TarHeader(name: name, size: size).bytes
  }

  private func padding(_ size: Int) -> [UInt8] {
    [UInt8](repeating: 0, count: TarHeader.padded(size) - size)
  }
}
