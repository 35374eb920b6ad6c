internal import SecretMemory

/// What armor is made of: two fixed lines, and base64 of 64 columns between them.
///
/// age.md, "ASCII armor"; the base64 is that of RFC 4648 section 4, padded.
enum ArmorText {
  static let begin = Array("-----BEGIN AGE ENCRYPTED FILE-----".utf8)
  static let end = Array("-----END AGE ENCRYPTED FILE-----".utf8)
  /// The characters on a full line.
  static let columns = 64
  /// What a full line holds.
  static let bytesInALine = 48
  /// How much white space may stand before and after.
  static let maximumWhitespace = 1_024

  static let newline = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")

  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let padding = UInt8(ascii: "=")
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 255, count: 256)
    for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
    return values
  }()

  /// White space that may stand around armor.
  static func isWhitespace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0d).contains(byte)
  }

  /// Adds bytes as base64 to a text, padded where they are not whole groups of three.
  ///
  /// What is encoded is ciphertext, so the time may tell what it is.
  static func encode(_ bytes: RawSpan, to text: inout [UInt8]) {
    var offset = 0
    while offset < bytes.byteCount {
      let count = min(3, bytes.byteCount - offset)
      let first = UInt32(bytes[byteAt: offset])
      let second = count > 1 ? UInt32(bytes[byteAt: offset + 1]) : 0
      let third = count > 2 ? UInt32(bytes[byteAt: offset + 2]) : 0
      let group = first << 16 | second << 8 | third
      text.append(alphabet[Int(group >> 18)])
      text.append(alphabet[Int(group >> 12 & 63)])
      text.append(count > 1 ? alphabet[Int(group >> 6 & 63)] : padding)
      text.append(count > 2 ? alphabet[Int(group & 63)] : padding)
      offset += 3
    }
  }

  /// Adds what a line of base64 holds to some bytes.
  ///
  /// - Returns: whether it was canonical: whole groups, no unused bit set, padding at its end alone.
  static func decode(_ line: RawSpan, to bytes: inout [UInt8]) -> Bool {
    guard line.byteCount > 0, line.byteCount.isMultiple(of: 4) else { return false }
    for offset in stride(from: 0, to: line.byteCount, by: 4) {
      let third = line[byteAt: offset + 2]
      let fourth = line[byteAt: offset + 3]
      var missing = 0
      if fourth == padding {
        guard offset + 4 == line.byteCount else { return false }
        missing = third == padding ? 2 : 1
      }
      let one = values[Int(line[byteAt: offset])]
      let two = values[Int(line[byteAt: offset + 1])]
      let three = missing == 2 ? 0 : values[Int(third)]
      let four = missing > 0 ? 0 : values[Int(fourth)]
      guard one | two | three | four < 64 else { return false }
      bytes.append(one << 2 | two >> 4)
      if missing < 2 { bytes.append(two << 4 | three >> 2) }
      if missing == 0 { bytes.append(three << 6 | four) }
      if missing == 2, two & 15 != 0 { return false }
      if missing == 1, three & 3 != 0 { return false }
    }
    return true
  }
}
