internal import SecretMemory

/// A place in bytes as SSH writes them: strings with their length before them (RFC 4251, 5).
///
/// It says where things are and copies nothing, for some of them are secret.
struct SSHWire {
  private(set) var offset = 0

  /// Passes over bytes; false where they are others than expected.
  mutating func pass(_ text: String, in bytes: RawSpan) -> Bool {
    let range = offset..<offset + text.utf8.count
    guard range.upperBound <= bytes.byteCount, Self.equal(bytes, range, text) else { return false }
    offset = range.upperBound
    return true
  }

  /// Reads four bytes, big-endian; nil where there are fewer.
  mutating func number(in bytes: RawSpan) -> Int? {
    guard bytes.byteCount - offset >= 4 else { return nil }
    defer { offset += 4 }
    return (offset..<offset + 4).reduce(0) { $0 << 8 | Int(bytes[byteAt: $1]) }
  }

  /// Where the next string is; nil where it is not all there.
  mutating func string(in bytes: RawSpan) -> Range<Int>? {
    guard let count = number(in: bytes), bytes.byteCount - offset >= count else { return nil }
    defer { offset += count }
    return offset..<offset + count
  }

  /// Whether a text stands in a range.
  static func equal(_ bytes: RawSpan, _ range: Range<Int>, _ text: String) -> Bool {
    let wanted = Array(text.utf8)
    return range.count == wanted.count
      && wanted.indices.allSatisfy { bytes[byteAt: range.lowerBound + $0] == wanted[$0] }
  }

  /// A string with its length before it.
  static func string(_ bytes: [UInt8]) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> (24 - 8 * $0)) } + bytes
  }
}
