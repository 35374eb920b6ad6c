/// Reads the numbers and strings of pg_dump's custom format out of bytes that may end anywhere.
///
/// Every read is checked; at the end of the bytes it throws `incomplete` and may be tried again
/// from an earlier `position` when more have come.
struct ArchiveCursor {
  /// No name, definition or statement is longer; a greater length is garbage, not patience.
  private static let longestString = 64 << 20

  /// What is read.
  let bytes: [UInt8]
  /// Where the next read starts.
  var position: Int
  /// Bytes an integer takes after its sign.
  var integerSize = 4
  /// Bytes a file offset takes after its flag.
  var offsetSize = 8
  /// How strings are written.
  var encoding = ServerEncoding.utf8

  /// One byte.
  mutating func byte() throws(ArchiveTrouble) -> UInt8 {
    guard position < bytes.count else { throw .incomplete }
    defer { position += 1 }
    return bytes[position]
  }

  /// A signed integer: a byte for the sign, then the magnitude, lowest byte first.
  mutating func integer() throws(ArchiveTrouble) -> Int {
    let sign = try byte()
    guard sign <= 1 else { throw .malformed("an integer's sign is \(sign)") }
    var magnitude = 0
    for place in 0..<integerSize { magnitude |= Int(try byte()) << (8 * place) }
    return sign == 0 ? magnitude : -magnitude
  }

  /// A string, nil for NULL.
  mutating func string() throws(ArchiveTrouble) -> String? {
    guard let range = try stringRange() else { return nil }
    return encoding.decode(bytes[range])
  }

  /// Steps over a string without making one.
  /// - Returns: whether it was NULL.
  @discardableResult
  mutating func skipString() throws(ArchiveTrouble) -> Bool {
    try stringRange() == nil
  }

  /// Steps over a flag and a file offset.
  mutating func skipOffset() throws(ArchiveTrouble) {
    for _ in 0...offsetSize { _ = try byte() }
  }

  private mutating func stringRange() throws(ArchiveTrouble) -> Range<Int>? {
    let length = try integer()
    guard length >= 0 else { return nil }
    guard length <= Self.longestString else { throw .malformed("a string of \(length) bytes") }
    guard bytes.count - position >= length else { throw .incomplete }
    defer { position += length }
    return position..<(position + length)
  }
}

/// Why a dump's stream could not be followed.
enum ArchiveTrouble: Error {
  /// More bytes are needed to read the next item.
  case incomplete
  /// The bytes are not what this archive format has there.
  case malformed(String)
}
