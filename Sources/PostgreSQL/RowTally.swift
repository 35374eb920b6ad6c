internal import Glibc
internal import SecretMemory

/// Splits a table's COPY text into rows as it comes in pieces, and counts and digests them.
struct RowTally {
  /// The longest row a server can send; more without a line feed is garbage.
  private static let longestRow = 1 << 30

  private(set) var rows = 0
  private(set) var bytes = 0
  private(set) var digest = MultisetDigest()
  /// The start of a row whose end has not come yet.
  private var begun: [UInt8] = []
  private var sawEnd = false

  /// Takes the next piece, of any size.
  mutating func take(_ piece: RawSpan) throws(ArchiveTrouble) {
    var start = 0
    while start < piece.byteCount {
      let rest = piece.extracting(start..<piece.byteCount)
      guard let length = Self.lengthOfLine(rest) else {
        guard begun.count + rest.byteCount <= Self.longestRow else {
          throw .malformed("a row of more than \(Self.longestRow) bytes")
        }
        begun.append(rest)
        return
      }
      let line = rest.extracting(0..<length)
      if begun.isEmpty {
        try finish(line)
      } else {
        begun.append(line)
        let whole = begun
        begun = []
        try whole.withBytes { bytes throws(ArchiveTrouble) in try finish(bytes) }
      }
      start += length + 1
    }
  }

  /// The data is over: checks that it ended as pg_dump ends it.
  func close() throws(ArchiveTrouble) {
    guard begun.isEmpty, sawEnd else { throw .malformed("a table's rows stop in the middle") }
  }

  private mutating func finish(_ line: RawSpan) throws(ArchiveTrouble) {
    if sawEnd {
      guard line.byteCount == 0 else { throw .malformed("bytes after a table's last row") }
      return
    }
    if line.byteCount == 2, Self.isEndMark(line) {
      sawEnd = true
      return
    }
    rows += 1
    bytes += line.byteCount + 1
    digest.add(row: line)
  }

  /// A row cannot look like this: COPY writes a backslash in a value as two.
  private static func isEndMark(_ line: RawSpan) -> Bool {
    line[byteAt: 0] == UInt8(ascii: "\\") && line[byteAt: 1] == UInt8(ascii: ".")
  }

  private static func lengthOfLine(_ span: RawSpan) -> Int? {
    unsafe span.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress,
        let end = unsafe memchr(base, Int32(UInt8(ascii: "\n")), bytes.count)
      else { return nil }
      return unsafe UnsafeRawPointer(end) - base
    }
  }
}
