/// The header of a regular file in a tar archive (POSIX.1-1988 ustar), mode 0600, of no owner and no time.
package struct TarHeader: Sendable {
  /// Archives are counted in blocks of so many bytes; a header is one.
  package static let block = 512
  /// The zeros at the end of an archive.
  package static let endSize = 2 * block

  private static let nameField = 0..<100
  private static let sizeField = 124..<136
  private static let prefixField = 345..<500
  /// What eleven octal digits can say.
  private static let largestOctal = 1 << 33 - 1

  /// The file's path, `/` between names.
  package let name: String
  /// Bytes of content.
  package let size: Int

  /// Describes a file.
  ///
  /// - Parameters:
  ///   - name: its path in ASCII; no name in it is longer than 100 bytes.
  ///   - size: bytes of content.
  package init(name: String, size: Int) {
    (self.name, self.size) = (name, size)
  }

  /// Reads a header; nil for whatever `bytes` does not write: links, devices, extensions, owners.
  ///
  /// - Parameter bytes: a block.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.block, let size = Self.size(bytes[Self.sizeField]) else { return nil }
    let names = [Self.prefixField, Self.nameField].map { Self.text(bytes[$0]) }
    self.init(name: names.filter { !$0.isEmpty }.joined(separator: "/"), size: size)
    guard fits, self.bytes == bytes else { return nil }
  }

  /// Bytes of content with what fills its last block.
  package static func padded(_ count: Int) -> Int { (count + block - 1) / block * block }

  /// The header as it stands before the content.
  package var bytes: [UInt8] {
    var header = [UInt8](repeating: 0, count: Self.block)
    func put(_ text: some StringProtocol, at offset: Int) {
      for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
    }
    let (prefix, last) = parts
    put(last, at: Self.nameField.lowerBound)
    put("0000600\0", at: 100)
    put("0000000\0", at: 108)
    put("0000000\0", at: 116)
    for (index, byte) in sizeBytes.enumerated() { header[Self.sizeField.lowerBound + index] = byte }
    put("00000000000\0", at: 136)
    put("        ", at: 148)
    put("0", at: 156)
    put("ustar\u{0}00", at: 257)
    put(prefix, at: Self.prefixField.lowerBound)
    let sum = header.reduce(0) { $0 + Int($1) }
    put(Self.octal(sum, digits: 6) + "\0 ", at: 148)
    return header
  }

  /// The name as the two fields for it have it.
  private var parts: (prefix: Substring, last: Substring) {
    guard name.utf8.count > Self.nameField.count, let slash = name.lastIndex(of: "/") else {
      return ("", name[...])
    }
    return (name[..<slash], name[name.index(after: slash)...])
  }

  private var fits: Bool {
    let (prefix, last) = parts
    return prefix.utf8.count <= Self.prefixField.count && last.utf8.count <= Self.nameField.count
  }

  private var sizeBytes: [UInt8] {
    guard size > Self.largestOctal else { return Array("\(Self.octal(size, digits: 11))\0".utf8) }
    // GNU's way, which every tar reads: a mark, and a number of 88 bits, most significant byte first.
    return [0x80, 0, 0, 0] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: size >> (8 * $0)) }
  }

  private static func size(_ field: ArraySlice<UInt8>) -> Int? {
    guard field.first == 0x80 else { return Int(text(field), radix: 8) }
    guard field.dropFirst().prefix(5).allSatisfy({ $0 == 0 }) else { return nil }
    return field.suffix(6).reduce(0) { $0 << 8 | Int($1) }
  }

  private static func text(_ field: ArraySlice<UInt8>) -> String {
    String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
  }

  private static func octal(_ number: Int, digits: Int) -> String {
    let text = String(number, radix: 8)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }
}
