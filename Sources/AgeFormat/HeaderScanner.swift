internal import SecretMemory

/// Finds where a header ends, looking at each byte once however small the pieces are.
package struct HeaderScanner: Sendable {
  private static let maker = Array("age-encryption.org/".utf8)
  private static let newline = UInt8(ascii: "\n")

  private var seen = 0
  private var lineStart = HeaderParser.versionLine.count

  package init() {}

  /// Where the header ends that starts with these bytes, those of earlier calls included; nil where
  /// more are needed to know.
  ///
  /// Throws `AgeError` at the first byte that no header has there, or past 2 MiB.
  package mutating func end(in prefix: RawSpan) throws(AgeError) -> Int? {
    let version = HeaderParser.versionLine
    let end = min(prefix.byteCount, AgeHeader.maximumSize)
    while seen < end {
      let byte = prefix[byteAt: seen]
      if seen < version.count {
        guard byte == version[seen] else {
          throw seen < Self.maker.count ? .notAnAgeFile : .unsupportedVersion
        }
      } else if byte == Self.newline {
        // Base64 has no dash and an argument line only one: no other line starts like this.
        let isLast =
          seen - lineStart >= 3
          && (lineStart..<lineStart + 3).allSatisfy { prefix[byteAt: $0] == UInt8(ascii: "-") }
        if isLast { return seen + 1 }
        lineStart = seen + 1
      }
      seen += 1
    }
    guard prefix.byteCount < AgeHeader.maximumSize else { throw .headerTooLarge }
    return nil
  }
}
