/// A SHA-256 digest: 32 bytes, written as 64 lower-case hexadecimal digits.
package struct SHA256Digest {
  /// The 32 bytes.
  package let bytes: [UInt8]

  /// Takes 32 bytes; nil for any other number.
  package init?(bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  /// Reads 64 hexadecimal digits; nil for anything else.
  package init?(hex: some StringProtocol) {
    guard let bytes = Hexadecimal.decode(hex) else { return nil }
    self.init(bytes: bytes)
  }

  /// The 64 lower-case hexadecimal digits.
  package var hex: String { Hexadecimal.encode(bytes) }
}

extension SHA256Digest: WrittenForm {
  package init?(_ text: String) { self.init(hex: text) }

  package var text: String { hex }
}
