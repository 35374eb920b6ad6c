package import Vocabulary

/// How a frame's bytes are kept.
package enum FrameCodec: UInt8, Sendable {
  case stored = 0
  case zstd = 1
}

/// A frame in a sealed pack: where it lies in the pack's plaintext, and which chunks it holds.
package struct FrameDescription: Sendable {
  /// Where the stored bytes start in the pack's plaintext.
  package let offset: Int
  package let storedLength: Int
  /// Length once decompressed.
  package let rawLength: Int
  package let codec: FrameCodec
  /// Chunks one after the other from offset 0 of the raw frame.
  package let chunks: [(id: ChunkID, length: Int)]

  /// Describes a frame.
  package init(
    offset: Int, storedLength: Int, rawLength: Int, codec: FrameCodec,
    chunks: [(id: ChunkID, length: Int)]
  ) {
    (self.offset, self.storedLength, self.rawLength) = (offset, storedLength, rawLength)
    (self.codec, self.chunks) = (codec, chunks)
  }
}

/// A sealed pack as an index describes it.
package struct PackDescription: Sendable {
  package let name: SHA256Digest
  package let frames: [FrameDescription]

  /// Describes a pack.
  package init(name: SHA256Digest, frames: [FrameDescription]) {
    (self.name, self.frames) = (name, frames)
  }
}
