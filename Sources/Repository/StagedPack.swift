import AgeFormat
import SecretMemory
import Vocabulary

/// A sealed pack that the store has, under no name yet.
struct StagedPack: Sendable {
  let pack: SealedPack
  private let header: [UInt8]
  private let payload: any StagedObject

  /// Lays frames out, seals them under a key of their own, and writes the payload while it is sealed.
  ///
  /// - Throws: what the store throws, and where a recipient cannot be encrypted to; nothing is left then.
  init(
    _ packed: [PackedFrame], for recipients: [any Recipient], in store: any BlobStore
  ) throws {
    let fileKey = FileKey()
    header = try AgeHeader(fileKey: fileKey, recipients: recipients).bytes
    let archive = PackArchive(packed)
    var facts: NeededSet.Facts?
    payload = try store.stage { take in
      let sink = MeasuringSink(take)
      var stream = try SealingStream(fileKey: fileKey, to: sink)
      try archive.write { try stream.write($0) }
      try stream.finish()
      facts = sink.facts()
    }
    guard let facts else { preconditionFailure("a store takes what it is handed, or throws") }
    pack = SealedPack(
      name: facts.sha256, size: facts.size, headerSize: header.count,
      headerSHA256: SHA256Hasher.digest(of: header),
      record: IndexFile.record(of: PackDescription(name: facts.sha256, frames: archive.frames)),
      chunks: archive.frames.flatMap { $0.chunks.map(\.id) })
  }

  /// Gives it its name, once its header is there.
  ///
  /// - Throws: what the store says.
  func keep(in store: any BlobStore) throws {
    try header.withBytes { try store.put(.packHeader(pack.name), $0) }
    try payload.keep(as: .pack(pack.name))
  }
}
