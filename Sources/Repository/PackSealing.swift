import AgeFormat
import SecretMemory
import Synchronization
import Vocabulary

/// A pack as it goes to the store.
struct PackSealing: Sendable {
  let pack: SealedPack
  let header: [UInt8]
  let payload: PackPayload
}

/// Room for a sealed payload, used for one pack after another: fresh memory costs more than sealing.
final class PackPayload: Sendable {
  private struct Room {
    var bytes: [UInt8] = []
    var count = 0
  }

  private let room = Mutex(Room())

  /// Seals an archive.
  ///
  /// - Returns: the SHA-256 of the payload.
  func seal(_ archive: [UInt8], with fileKey: borrowing FileKey) -> SHA256Digest {
    room.withLock { room in
      room.count = AgePayload.sealedSize(ofPlaintext: archive.count)
      if room.bytes.count < room.count { room.bytes = [UInt8](repeating: 0, count: room.count) }
      room.bytes.withMutableBytes { bytes in
        var payload = bytes._mutatingExtracting(0..<room.count)
        archive.withBytes { AgePayload.seal($0, with: fileKey, into: &payload) }
      }
      return room.bytes.withBytes { SHA256Hasher.digest(of: $0.extracting(0..<room.count)) }
    }
  }

  /// Lends the payload.
  func lend(_ body: (RawSpan) throws -> Void) rethrows {
    try room.withLock { room in
      try room.bytes.withBytes { try body($0.extracting(0..<room.count)) }
    }
  }

  /// How long the payload is.
  var count: Int { room.withLock { $0.count } }
}

/// Lays packs out and seals them, one at a time.
final class PackSealer: Sendable {
  private let archive = Mutex<[UInt8]>([])
  private let payload = PackPayload()

  /// Lays frames out and seals them under a key of their own; the payload of the pack before is gone.
  ///
  /// - Throws: where a recipient cannot be encrypted to.
  func seal(
    _ packed: [PackedFrame], for recipients: [any Recipient]
  ) throws -> PackSealing {
    let fileKey = FileKey()
    let header = try AgeHeader(fileKey: fileKey, recipients: recipients).bytes
    let (frames, name) = archive.withLock { archive in
      let frames = PackArchive.layOut(packed, into: &archive)
      return (frames, payload.seal(archive, with: fileKey))
    }
    let pack = SealedPack(
      name: name, size: payload.count, headerSize: header.count,
      headerSHA256: SHA256Hasher.digest(of: header),
      record: IndexFile.record(of: PackDescription(name: name, frames: frames)),
      chunks: frames.flatMap { $0.chunks.map(\.id) })
    return PackSealing(pack: pack, header: header, payload: payload)
  }
}
