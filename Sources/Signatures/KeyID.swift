/// The 8 random bytes by which minisign tells keys apart, printed in full.
///
/// It says which key to look for and proves nothing.
package struct KeyID: Sendable, Hashable {
  /// How many bytes an id has in a file.
  static let size = 8

  /// The 8 bytes, read as a little-endian number.
  package let value: UInt64

  /// Takes 8 bytes as they stand in a file.
  init(bytes: some Collection<UInt8>) {
    precondition(bytes.count == Self.size, "a minisign key id is 8 bytes")
    value = bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Reads the printed form; nil for anything but sixteen upper-case hexadecimal digits.
  package init?(_ text: String) {
    guard text.utf8.count == 2 * Self.size, let value = UInt64(text, radix: 16) else { return nil }
    self.value = value
    guard description == text else { return nil }
  }

  /// The 8 bytes as they stand in a file.
  var bytes: [UInt8] {
    (0..<Self.size).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
  }
}

extension KeyID: CustomStringConvertible {
  /// Sixteen upper-case hexadecimal digits.
  package var description: String {
    let digits = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
