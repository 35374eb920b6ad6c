import SecretMemory
import Vocabulary

/// Where the chunks that a snapshot needs lie; made by `ChunkIndexBuilder`.
///
/// A list sorted by id, in memory where it is short, else in a scratch file: memory does not grow with
/// the number of chunks.
package final class ChunkIndex: Sendable {
  /// A frame of a pack.
  struct FramePlace: Sendable {
    let pack: SHA256Digest
    let frame: FrameDescription
  }

  /// A chunk within a frame.
  struct Place: Sendable {
    let frame: UInt32
    let offset: UInt32
    let length: UInt32
  }

  /// What is kept of a frame: some terabytes have a million.
  struct KeptFrame: Sendable {
    let offset: Int
    let pack: UInt32
    let storedLength: UInt32
    let rawLength: UInt32
    let codec: FrameCodec
  }

  /// So many neighbours are read at once.
  private static let window = 128

  private let packs: [SHA256Digest]
  private let frames: [KeptFrame]
  private let entries: ChunkPlaceList
  private let directory: ChunkDirectory

  init(
    packs: [SHA256Digest], frames: [KeptFrame], entries: ChunkPlaceList, directory: ChunkDirectory
  ) {
    (self.packs, self.frames) = (packs, frames)
    (self.entries, self.directory) = (entries, directory)
  }

  /// How many chunks are known; one that stands in two packs counts twice.
  package var count: Int { entries.count }

  /// The frame of a place.
  func frame(_ number: UInt32) -> FramePlace {
    let frame = frames[Int(number)]
    return FramePlace(
      pack: packs[Int(frame.pack)],
      frame: FrameDescription(
        offset: frame.offset, storedLength: Int(frame.storedLength),
        rawLength: Int(frame.rawLength), codec: frame.codec, chunks: []))
  }

  /// Finds a chunk, by the first half of its id: whoever reads it checks the whole.
  ///
  /// - Throws: `chunk.missing` where no pack of the snapshot holds it, and `scratch.failed`.
  func place(of chunk: ChunkID) throws -> Place {
    let key = chunk.half
    var (from, to, _) = directory.places(of: key)
    // Only ids that somebody has chosen lie so close together.
    while to - from > Self.window {
      let middle = from + (to - from) / 2
      let isBefore = try entries.withEntries(middle..<middle + 1) { $0.allSatisfy { $0.key < key } }
      if isBefore {
        from = middle + 1
      } else {
        to = middle + 1
      }
    }
    let found = try entries.withEntries(from..<to) { entries in
      entries.first { $0.key == key }.map {
        Place(frame: $0.frame, offset: $0.offset, length: $0.length)
      }
    }
    guard let found else {
      throw OperatorError(
        "chunk.missing", .mismatch, "chunk \(chunk) is in no pack that the snapshot names")
    }
    return found
  }
}
