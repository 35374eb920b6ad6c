import Compression
import SecretMemory
import Vocabulary

/// A run of chunks on its way into a pack.
package struct Frame: Sendable {
  /// A frame is closed once it holds this much, so most are a little longer.
  static let target = 1024 * 1024
  /// No frame a reader accepts is longer: the target and one chunk of the greatest size fit amply.
  static let largest = 64 * 1024 * 1024

  private(set) var bytes: [UInt8]
  private(set) var chunks: [(id: ChunkID, length: Int)]

  /// Starts with no chunk.
  init() { (bytes, chunks) = ([], []) }

  /// Makes a frame of one chunk, and shares its bytes.
  init(_ chunk: [UInt8], id: ChunkID) { (bytes, chunks) = (chunk, [(id, chunk.count)]) }

  /// Whether a chunk is long enough to be a frame alone, and keeps little room beside its bytes.
  static func isWorthItsOwn(_ chunk: [UInt8]) -> Bool {
    chunk.count >= target / 4 && chunk.capacity <= chunk.count + chunk.count / 8
  }

  var isEmpty: Bool { chunks.isEmpty }
  var isFull: Bool { bytes.count >= Self.target }

  mutating func append(_ chunk: RawSpan, id: ChunkID) {
    if bytes.isEmpty { bytes.reserveCapacity(max(Self.target + Self.target / 16, chunk.byteCount)) }
    bytes.append(chunk)
    chunks.append((id, chunk.byteCount))
  }

  /// Compresses the frame where that helps.
  consuming func packed() -> PackedFrame {
    let raw = bytes.count
    if let shrunk = ZstdFrame.compress(bytes) {
      return PackedFrame(stored: shrunk, rawLength: raw, codec: .zstd, chunks: chunks)
    }
    return PackedFrame(stored: bytes, rawLength: raw, codec: .stored, chunks: chunks)
  }
}

/// A frame as a pack keeps it.
struct PackedFrame: Sendable {
  let stored: [UInt8]
  let rawLength: Int
  let codec: FrameCodec
  let chunks: [(id: ChunkID, length: Int)]
}
