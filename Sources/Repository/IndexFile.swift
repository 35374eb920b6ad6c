import SecretMemory
import Vocabulary

/// The index file: `docs/formats/store.md`, Index.
package enum IndexFile {
  private static let magic = Array("COFFERIX".utf8)
  private static let version: UInt32 = 1
  /// No frame starts beyond this: readers may add lengths to an offset without looking.
  private static let farthest = 1 << 40

  /// The bytes that describe one pack; an index is a run of them.
  package static func record(of pack: PackDescription) -> [UInt8] {
    var bytes = pack.name.bytes
    append(UInt32(pack.frames.count), to: &bytes)
    for frame in pack.frames {
      append(UInt64(frame.offset), to: &bytes)
      append(UInt32(frame.storedLength), to: &bytes)
      append(UInt32(frame.rawLength), to: &bytes)
      bytes.append(frame.codec.rawValue)
      append(UInt32(frame.chunks.count), to: &bytes)
      for chunk in frame.chunks {
        chunk.id.append(to: &bytes)
        append(UInt32(chunk.length), to: &bytes)
      }
    }
    return bytes
  }

  /// Puts records together to the plaintext of an index, padded.
  package static func encode(records: [[UInt8]]) -> [UInt8] {
    var bytes = magic
    append(version, to: &bytes)
    append(UInt32(records.count), to: &bytes)
    for record in records { bytes.append(contentsOf: record) }
    let padded = PadmeSize.holding(bytes.count)
    bytes.append(contentsOf: repeatElement(0, count: padded - bytes.count))
    return bytes
  }

  /// Reads the plaintext of an index.
  ///
  /// - Throws: `OperatorError` `index.damaged` where it is not exactly of the format, or claims
  ///   what cannot be (frames beyond 64 MiB or 1 TiB away, chunks that do not fill their frame).
  package static func decode(_ plaintext: [UInt8]) throws -> [PackDescription] {
    var reader = LittleEndianReader(plaintext)
    guard try reader.bytes(8) == magic, try reader.number(4) == Int(version) else {
      throw damaged("it does not start as an index of version 1 does")
    }
    var packs: [PackDescription] = []
    for _ in 0..<(try reader.number(4)) { packs.append(try pack(&reader)) }
    guard reader.restIsZero else { throw damaged("something follows the last pack") }
    return packs
  }

  /// Hands on the packs of records that stand one after the other, as `record` made them.
  ///
  /// - Throws: `index.damaged`, and what `take` throws.
  package static func eachPack(
    inRecords records: [UInt8], _ take: (PackDescription) throws -> Void
  ) throws {
    var reader = LittleEndianReader(records)
    while !reader.isAtEnd { try take(pack(&reader)) }
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
    var chunks: [(id: ChunkID, length: Int)] = []
    var sum = 0
    for _ in 0..<(try reader.number(4)) {
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

  private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
    unsafe withUnsafeBytes(of: number.littleEndian) { unsafe bytes.append(contentsOf: $0) }
  }
}

private func damaged(_ why: String) -> OperatorError {
  OperatorError("index.damaged", .mismatch, "an index cannot be read: \(why)")
}

/// Reads little-endian numbers and never past the end.
private struct LittleEndianReader {
  private let source: [UInt8]
  private var position = 0

  init(_ source: [UInt8]) {
    self.source = source
  }

  var isAtEnd: Bool { position == source.count }
  var restIsZero: Bool { source[position...].allSatisfy { $0 == 0 } }

  mutating func bytes(_ count: Int) throws -> [UInt8] {
    guard source.count - position >= count else { throw damaged("it ends too early") }
    defer { position += count }
    return Array(source[position..<position + count])
  }

  mutating func chunkID() throws -> ChunkID {
    guard source.count - position >= ChunkID.byteCount else { throw damaged("it ends too early") }
    defer { position += ChunkID.byteCount }
    return source.withBytes { ChunkID($0, at: position) }
  }

  /// A number of 1 to 8 bytes; one that does not fit an `Int` is damage.
  mutating func number(_ count: Int) throws -> Int {
    guard source.count - position >= count else { throw damaged("it ends too early") }
    var value: UInt64 = 0
    for byte in source[position..<position + count].reversed() { value = value << 8 | UInt64(byte) }
    position += count
    guard let number = Int(exactly: value) else { throw damaged("a number beyond all sizes") }
    return number
  }
}
