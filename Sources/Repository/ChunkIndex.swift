import Vocabulary

/// Where the chunks that a snapshot needs lie, in memory: 48 bytes a chunk.
package struct ChunkIndex: Sendable {
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

  private(set) var frames: [FramePlace] = []
  private var places: [ChunkID: Place] = [:]

  package init() {}

  /// How many chunks are known.
  package var count: Int { places.count }

  /// Takes in the packs of an index that the snapshot still needs.
  package mutating func insert(_ packs: [PackDescription], neededBy needed: NeededSet) {
    for pack in packs where needed.objects[.pack(pack.name)] != nil {
      for frame in pack.frames {
        let number = UInt32(frames.count)
        var offset: UInt32 = 0
        for chunk in frame.chunks {
          let length = UInt32(chunk.length)
          places[chunk.id] = Place(frame: number, offset: offset, length: length)
          offset += length
        }
        // The chunks' ids are in `places` now; keeping them twice would double the memory.
        let slim = FrameDescription(
          offset: frame.offset, storedLength: frame.storedLength, rawLength: frame.rawLength,
          codec: frame.codec, chunks: [])
        frames.append(FramePlace(pack: pack.name, frame: slim))
      }
    }
  }

  /// Finds a chunk.
  ///
  /// - Throws: `chunk.missing` where no pack of the snapshot holds it.
  func place(of chunk: ChunkID) throws -> Place {
    guard let place = places[chunk] else {
      throw OperatorError(
        "chunk.missing", .mismatch, "chunk \(chunk) is in no pack that the snapshot names")
    }
    return place
  }
}
