import ProofTools
import SecretMemory
import Testing
import Vocabulary

@testable import Repository

@Suite("Index files")
struct IndexFileTests {
  private func chunkID(_ chance: inout SeededChance) -> ChunkID {
    chance.bytes(32).withBytes { ChunkID($0) }
  }

  private func pack(_ chance: inout SeededChance) throws -> PackDescription {
    var offset = 512
    var frames: [FrameDescription] = []
    for _ in 0..<Int.random(in: 0...5, using: &chance) {
      let lengths = (0..<Int.random(in: 1...9, using: &chance)).map { _ in
        Int.random(in: 1...65_536, using: &chance)
      }
      let raw = lengths.reduce(0, +)
      let isStored = Bool.random(using: &chance)
      let stored = isStored ? raw : Int.random(in: 1...raw, using: &chance)
      frames.append(
        FrameDescription(
          offset: offset, storedLength: stored, rawLength: raw, codec: isStored ? .stored : .zstd,
          chunks: lengths.map { (chunkID(&chance), $0) }))
      offset += stored + 512
    }
    return PackDescription(
      name: try #require(SHA256Digest(bytes: chance.bytes(32))), frames: frames)
  }

  private func index(_ chance: inout SeededChance) throws -> [PackDescription] {
    try (0..<Int.random(in: 0...4, using: &chance)).map { _ in try pack(&chance) }
  }

  private func encode(_ packs: [PackDescription]) throws -> [UInt8] {
    try IndexFile.encode(records: packs.map { IndexFile.record(of: $0) })
  }

  /// A frame's fields as an index has them, for indexes that no writer of ours would write.
  private func frame(
    offset: UInt64 = 512, stored: UInt32 = 4, raw: UInt32 = 4, codec: UInt8 = 0,
    lengths: [UInt32] = [4]
  ) -> [UInt8] {
    func little(_ number: some FixedWidthInteger) -> [UInt8] {
      (0..<number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
    let chunks = lengths.flatMap { [UInt8](repeating: 7, count: 32) + little($0) }
    return [UInt8](repeating: 1, count: 32) + little(UInt32(1)) + little(offset) + little(stored)
      + little(raw) + [codec] + little(UInt32(lengths.count)) + chunks
  }

  private func decode(_ record: [UInt8]) -> OperatorError? {
    refusal { _ = try IndexFile.decode(IndexFile.encode(records: [record])) }
  }

  @Test("an index is read as it was written, and its size is a Padmé size")
  func roundTrip() throws {
    var chance = SeededChance(for: "index, round trip")
    for _ in 0..<50 {
      let packs = try index(&chance)
      let bytes = try encode(packs)
      #expect(PadmeSize.holding(bytes.count) == bytes.count)
      let again = try IndexFile.decode(
        bytes, pieces: Int.random(in: 1...max(1, bytes.count), using: &chance))
      #expect(again.map(\.name) == packs.map(\.name))
      #expect(again.map { IndexFile.record(of: $0) } == packs.map { IndexFile.record(of: $0) })
    }
  }

  @Test("an index that is changed anywhere is read or refused, and never stops the program")
  func garbage() throws {
    var chance = SeededChance(for: "index, garbage")
    for _ in 0..<2000 {
      var bytes = try encode(try index(&chance))
      for _ in 0..<Int.random(in: 1...4, using: &chance) {
        let place = Int.random(in: 0..<bytes.count, using: &chance)
        switch Int.random(in: 0..<4, using: &chance) {
        case 0: bytes[place] ^= UInt8.random(in: 1...255, using: &chance)
        case 1: bytes.replaceSubrange(place..<min(place + 8, bytes.count), with: [255, 255, 255])
        case 2: bytes.removeSubrange(place..<bytes.count)
        default: bytes.insert(contentsOf: chance.bytes(5), at: place)
        }
        if bytes.isEmpty { break }
      }
      tryOut(bytes)
    }
    for count in 0..<200 { tryOut(chance.bytes(count)) }
  }

  /// Decodes; what is accepted must serve a reader without stopping the program, too.
  private func tryOut(_ bytes: [UInt8]) {
    let refused = refusal {
      let packs = try IndexFile.decode(bytes)
      var needed = NeededSet()
      for pack in packs { needed.insert(.pack(pack.name), .init(size: 1, sha256: pack.name)) }
      var index = ChunkIndexBuilder()
      for pack in packs { try index.insert(pack, neededBy: needed) }
      let found = try index.finish()
      for chunk in packs.flatMap({ $0.frames.flatMap(\.chunks) }) {
        _ = try found.place(of: chunk.id)
      }
      for frame in packs.flatMap(\.frames) { _ = frame.offset + frame.storedLength }
    }
    #expect(refused == nil || refused?.code == "index.damaged" && refused?.status == .mismatch)
  }

  @Test("every index that is cut short is refused, unless only padding is gone")
  func cut() throws {
    let bytes = try IndexFile.encode(records: [frame()])
    let length = 16 + frame().count
    for count in 0..<length {
      #expect(refusal { _ = try IndexFile.decode(Array(bytes[..<count])) }?.code == "index.damaged")
    }
    #expect(try IndexFile.decode(Array(bytes[..<length])).count == 1)
  }

  @Test("frames that cannot be are refused")
  func impossible() throws {
    #expect(decode(frame()) == nil)
    #expect(decode(frame(codec: 1)) == nil)
    let frames = [
      frame(codec: 2), frame(stored: 5), frame(raw: 5), frame(lengths: []), frame(lengths: [2, 3]),
      frame(stored: 65 << 20, raw: 65 << 20, lengths: [65 << 20]),
      frame(stored: .max, codec: 1), frame(raw: .max, codec: 1, lengths: [.max]),
      frame(offset: .max), frame(offset: 1 << 63), frame(offset: UInt64(Int.max)),
      frame(offset: 1 << 40 + 1),
    ]
    for frame in frames { #expect(decode(frame)?.code == "index.damaged") }
  }

  @Test("another version, another beginning and anything after the last pack are refused")
  func frameOfTheFile() throws {
    let bytes = try IndexFile.encode(records: [frame()])
    var version = bytes
    version[8] = 2
    var magic = bytes
    magic[0] = UInt8(ascii: "c")
    var tail = bytes
    tail[tail.count - 1] = 1
    for bytes in [version, magic, tail, bytes + [1]] {
      #expect(refusal { _ = try IndexFile.decode(bytes) }?.code == "index.damaged")
    }
  }
}
