import SecretMemory
import Vocabulary

/// Reads the plaintext of an index that comes in pieces of any size.
///
/// Strict: whatever is not exactly of the format is refused. Memory: one pack, and one piece.
package struct IndexParser {
  /// No frame starts beyond this: readers may add lengths to an offset without looking.
  private static let farthest = 1 << 40

  /// What is to come.
  private enum State {
    case head
    /// So many packs, then zeros.
    case packs(Int)
    /// Packs to the end.
    case anyPacks
  }

  private var state: State
  private var pending: [UInt8] = []
  /// Less than this is not looked at again: a pack that was not whole is not read over and over.
  private var enough = 0

  /// Starts to read an index.
  package init() {
    self.init(.head)
  }

  private init(_ state: State) {
    self.state = state
  }

  /// Starts to read records that stand one after the other, without a head.
  static var ofRecords: IndexParser { IndexParser(.anyPacks) }

  /// Takes the next bytes, and hands on the packs that are whole.
  ///
  /// - Throws: `index.damaged` where it is not of the format, or claims what cannot be (frames beyond
  ///   64 MiB or 1 TiB away, chunks that do not fill their frame); and what `take` throws.
  package mutating func feed(
    _ bytes: RawSpan, _ take: (PackDescription) throws -> Void
  ) throws {
    pending.append(bytes)
    guard pending.count >= enough else { return }
    pending.removeFirst(try readWhole(take))
    enough = 2 * pending.count
  }

  /// Says that there is no more.
  ///
  /// - Throws: `index.damaged` where more had to come.
  package mutating func finish(_ take: (PackDescription) throws -> Void) throws {
    pending.removeFirst(try readWhole(take))
    switch state {
    case .packs(0), .anyPacks: if pending.isEmpty { return }
    default: break
    }
    throw damaged("it ends too early")
  }

  /// Reads what is whole, and says how many bytes that was.
  private mutating func readWhole(_ take: (PackDescription) throws -> Void) throws -> Int {
    var reader = LittleEndianReader(pending)
    do {
      while true {
        switch state {
        case .head:
          let (magic, version) = (try reader.bytes(8), try reader.number(4))
          guard magic == IndexFile.magic, version == Int(IndexFile.version) else {
            throw damaged("it does not start as an index of version 1 does")
          }
          state = .packs(try reader.number(4))
        case .packs(0):
          guard reader.restIsZero else { throw damaged("something follows the last pack") }
          return pending.count
        case .packs(let count):
          try take(Self.pack(&reader))
          state = .packs(count - 1)
        case .anyPacks:
          guard !reader.isAtEnd else { return pending.count }
          try take(Self.pack(&reader))
        }
        reader.keep()
      }
    } catch is EndsTooEarly {
      return reader.kept
    }
  }

  private static func pack(_ reader: inout LittleEndianReader) throws -> PackDescription {
    guard let name = SHA256Digest(bytes: try reader.bytes(32)) else { throw damaged("no name") }
    var frames: [FrameDescription] = []
    for _ in 0..<(try reader.number(4)) { frames.append(try frame(&reader)) }
    return PackDescription(name: name, frames: frames)
  }

  private static func frame(_ reader: inout LittleEndianReader) throws -> FrameDescription {
    let offset = try reader.number(8)
    let stored = try reader.number(4)
    let raw = try reader.number(4)
    guard let codec = FrameCodec(rawValue: UInt8(try reader.number(1))) else {
      throw damaged("a frame of an unknown codec")
    }
    guard stored <= Frame.largest, raw <= Frame.largest, offset <= Self.farthest else {
      throw damaged("a frame larger or farther away than any")
    }
    let count = try reader.number(4)
    var chunks: [(id: ChunkID, length: Int)] = []
    chunks.reserveCapacity(min(count, reader.left / (ChunkID.byteCount + 4)))
    var sum = 0
    for _ in 0..<count {
      let id = try reader.chunkID()
      let length = try reader.number(4)
      sum += length
      chunks.append((id, length))
    }
    guard sum == raw, codec == .zstd || stored == raw else {
      throw damaged("chunks that do not fill their frame")
    }
    return FrameDescription(
      offset: offset, storedLength: stored, rawLength: raw, codec: codec, chunks: chunks)
  }
}

private func damaged(_ why: String) -> OperatorError {
  OperatorError("index.damaged", .mismatch, "an index cannot be read: \(why)")
}

/// More bytes are needed.
private struct EndsTooEarly: Error {}

/// Reads little-endian numbers and never past the end.
private struct LittleEndianReader {
  private let source: [UInt8]
  private var position = 0
  /// Up to where all is read for good.
  private(set) var kept = 0

  init(_ source: [UInt8]) {
    self.source = source
  }

  var left: Int { source.count - position }
  var isAtEnd: Bool { left == 0 }
  var restIsZero: Bool { source[position...].allSatisfy { $0 == 0 } }

  mutating func keep() { kept = position }

  mutating func bytes(_ count: Int) throws -> [UInt8] {
    try pass(count)
    return Array(source[position - count..<position])
  }

  mutating func chunkID() throws -> ChunkID {
    try pass(ChunkID.byteCount)
    return source.withBytes { ChunkID($0, at: position - ChunkID.byteCount) }
  }

  /// A number of 1 to 8 bytes; one that does not fit an `Int` is damage.
  mutating func number(_ count: Int) throws -> Int {
    try pass(count)
    var value: UInt64 = 0
    for place in stride(from: position - 1, through: position - count, by: -1) {
      value = value << 8 | UInt64(source[place])
    }
    guard let number = Int(exactly: value) else { throw damaged("a number beyond all sizes") }
    return number
  }

  private mutating func pass(_ count: Int) throws {
    guard left >= count else { throw EndsTooEarly() }
    position += count
  }
}
