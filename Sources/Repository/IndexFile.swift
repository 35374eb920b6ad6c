import SecretMemory
import Vocabulary

/// The index file: `docs/formats/store.md`, Index.
package enum IndexFile {
  static let magic = Array("COFFERIX".utf8)
  static let version: UInt32 = 1
  /// Zeros are written in pieces of this size.
  private static let padding = [UInt8](repeating: 0, count: 64 << 10)

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

  /// Writes the plaintext of an index, padded, with one record in memory at a time.
  ///
  /// - Parameters:
  ///   - count: how many packs it describes.
  ///   - record: gives the record of each, by its number from 0.
  ///   - take: takes the plaintext piece by piece.
  /// - Throws: what `record` and `take` throw.
  package static func write(
    packs count: Int, record: (Int) throws -> [UInt8], to take: (RawSpan) throws -> Void
  ) throws {
    var head = magic
    append(version, to: &head)
    append(UInt32(count), to: &head)
    try head.withBytes(take)
    var length = head.count
    for number in 0..<count {
      let record = try record(number)
      length += record.count
      try record.withBytes(take)
    }
    var rest = PadmeSize.holding(length) - length
    while rest > 0 {
      let piece = min(rest, padding.count)
      try padding.withBytes { try take($0.extracting(0..<piece)) }
      rest -= piece
    }
  }

  /// Hands on the packs of records that stand one after the other, as `record` made them.
  ///
  /// - Throws: `index.damaged`, and what `take` throws.
  package static func eachPack(
    inRecords records: [UInt8], _ take: (PackDescription) throws -> Void
  ) throws {
    var parser = IndexParser.ofRecords
    try records.withBytes { try parser.feed($0, take) }
    try parser.finish(take)
  }

  private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
    unsafe withUnsafeBytes(of: number.littleEndian) { unsafe bytes.append(contentsOf: $0) }
  }
}
