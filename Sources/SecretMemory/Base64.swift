internal import CSodium

/// Base64, RFC 4648 section 4, canonical both ways, in a time that tells nothing about the bytes.
///
/// age writes it without padding, minisign with. Decoding refuses white space, line ends, unused bits
/// that are not zero, and padding where none belongs or where it is missing.
package enum Base64 {
  /// Whether the last group is filled up with `=`.
  package enum Padding: Sendable {
    /// Always filled up to four characters.
    case required
    /// Never filled up.
    case none

    fileprivate var variant: Int32 {
      switch self {
      case .required: sodium_base64_VARIANT_ORIGINAL
      case .none: sodium_base64_VARIANT_ORIGINAL_NO_PADDING
      }
    }
  }

  /// Writes bytes as text.
  package static func encode(_ bytes: RawSpan, padding: Padding) -> String {
    encodeSecret(bytes, padding: padding).withBytes { text in
      unsafe text.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }
  }

  /// Writes an array as text.
  package static func encode(_ bytes: [UInt8], padding: Padding) -> String {
    bytes.withBytes { encode($0, padding: padding) }
  }

  /// Writes secret bytes as secret text.
  package static func encodeSecret(_ bytes: RawSpan, padding: Padding) -> SecretBytes {
    let size = sodium_base64_encoded_len(bytes.byteCount, padding.variant)
    // libsodium ends the text with a zero byte, which is not part of it.
    let ended = SecretBytes(count: size) { text in
      unsafe text.withPointer { text, _ in
        unsafe bytes.withPointer { bytes, count in
          _ = unsafe text.withMemoryRebound(to: CChar.self, capacity: size) {
            unsafe sodium_bin2base64($0, size, bytes, count, padding.variant)
          }
        }
      }
    }
    return ended.withBytes { SecretBytes(copying: $0.extracting(0..<size - 1)) }
  }

  /// Reads text; nil where it is not canonical.
  package static func decode(_ text: RawSpan, padding: Padding) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: room(for: text))
    let written = bytes.withMutableBytes { decode(text, padding: padding, into: &$0) }
    guard let size = written else { return nil }
    bytes.removeSubrange(size...)
    return bytes
  }

  /// Reads text in an array; nil where it is not canonical.
  package static func decode(_ text: [UInt8], padding: Padding) -> [UInt8]? {
    text.withBytes { decode($0, padding: padding) }
  }

  /// Reads a string; nil where it is not canonical.
  package static func decode(_ text: some StringProtocol, padding: Padding) -> [UInt8]? {
    decode(Array(text.utf8), padding: padding)
  }

  /// Reads secret text; nil where it is not canonical.
  package static func decodeSecret(_ text: RawSpan, padding: Padding) -> SecretBytes? {
    var size: Int?
    let bytes = SecretBytes(count: room(for: text)) { output in
      size = decode(text, padding: padding, into: &output)
    }
    guard let size else { return nil }
    return bytes.withBytes { SecretBytes(copying: $0.extracting(0..<size)) }
  }

  private static func room(for text: RawSpan) -> Int { text.byteCount / 4 * 3 + 3 }

  private static func decode(
    _ text: RawSpan, padding: Padding, into bytes: inout MutableRawSpan
  ) -> Int? {
    Sodium.start()
    // libsodium takes some bytes that are no ASCII for letters.
    var seen: UInt8 = 0
    for place in 0..<text.byteCount { seen |= text[byteAt: place] }
    guard seen < 0x80 else { return nil }
    var size = 0
    let status = unsafe bytes.withPointer { bytes, room in
      unsafe text.withPointer { text, count in
        unsafe text.withMemoryRebound(to: CChar.self, capacity: count) {
          unsafe sodium_base642bin(bytes, room, $0, count, nil, &size, nil, padding.variant)
        }
      }
    }
    return status == 0 ? size : nil
  }
}
