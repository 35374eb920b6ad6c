/// mtree's way to write any byte as printable ASCII: `\ooo`, three octal digits.
///
/// Space, `#`, `=` and `\` are escaped too, for they mean something in a list.
enum OctalEscaping {
  private static let isPlain: [Bool] = (0...255).map { byte in
    (0x20...0x7e).contains(byte) && !##" \#="##.utf8.contains(UInt8(byte))
  }

  /// Appends bytes, escaped where they need it.
  static func append(_ bytes: [UInt8], to text: inout [UInt8]) {
    append(bytes.span, to: &text)
  }

  /// Appends bytes, escaped where they need it.
  static func append(_ bytes: Span<UInt8>, to text: inout [UInt8]) {
    let isPlain = isPlain
    for index in bytes.indices {
      let byte = bytes[index]
      if isPlain[Int(byte)] {
        text.append(byte)
      } else {
        text.append(UInt8(ascii: "\\"))
        text.append(UInt8(ascii: "0") + byte >> 6)
        text.append(UInt8(ascii: "0") + (byte >> 3) & 7)
        text.append(UInt8(ascii: "0") + byte & 7)
      }
    }
  }

  /// Reads escaped bytes back.
  /// - Returns: the bytes, or nil for anything that `append` would not have written.
  static func decode(_ text: Span<UInt8>, _ range: Range<Int>) -> [UInt8]? {
    let isPlain = isPlain
    var bytes: [UInt8] = []
    bytes.reserveCapacity(range.count)
    var index = range.lowerBound
    while index < range.upperBound {
      let byte = text[index]
      if isPlain[Int(byte)] {
        bytes.append(byte)
        index += 1
        continue
      }
      guard byte == UInt8(ascii: "\\"), range.upperBound - index >= 4 else { return nil }
      var value: UInt16 = 0
      for digit in 1...3 {
        let digit = text[index + digit]
        guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "7") else { return nil }
        value = value << 3 | UInt16(digit & 7)
      }
      guard let byte = UInt8(exactly: value), !isPlain[Int(byte)] else { return nil }
      bytes.append(byte)
      index += 4
    }
    return bytes
  }
}

/// Base64 (RFC 4648, padded): how a list carries the values of extended attributes.
enum Base64 {
  private static let digits = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0xff, count: 256)
    for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(value) }
    return values
  }()
  private static let pad = UInt8(ascii: "=")

  /// Appends bytes as base64.
  static func append(_ bytes: [UInt8], to text: inout [UInt8]) {
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let rest = bytes.count - start
      let group =
        UInt32(bytes[start]) << 16 | (rest > 1 ? UInt32(bytes[start + 1]) << 8 : 0)
        | (rest > 2 ? UInt32(bytes[start + 2]) : 0)
      text.append(digits[Int(group >> 18)])
      text.append(digits[Int(group >> 12 & 63)])
      text.append(rest > 1 ? digits[Int(group >> 6 & 63)] : pad)
      text.append(rest > 2 ? digits[Int(group & 63)] : pad)
    }
  }

  /// Reads base64 back.
  /// - Returns: the bytes, or nil for anything that `append` would not have written.
  static func decode(_ text: Span<UInt8>, _ range: Range<Int>) -> [UInt8]? {
    guard range.count.isMultiple(of: 4) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(range.count / 4 * 3)
    for start in stride(from: range.lowerBound, to: range.upperBound, by: 4) {
      let isLast = start + 4 == range.upperBound
      let padding =
        !isLast || text[start + 3] != pad ? 0 : text[start + 2] != pad ? 1 : 2
      var group: UInt32 = 0
      for index in 0..<4 {
        let value = index < 4 - padding ? values[Int(text[start + index])] : 0
        guard value < 64 else { return nil }
        group = group << 6 | UInt32(value)
      }
      // Bits that no byte uses must be zero, or one value would have two spellings.
      guard padding == 0 || group & (padding == 1 ? 0xff : 0xffff) == 0 else { return nil }
      bytes.append(UInt8(group >> 16))
      if padding < 2 { bytes.append(UInt8(group >> 8 & 0xff)) }
      if padding < 1 { bytes.append(UInt8(group & 0xff)) }
    }
    return bytes
  }
}
