internal import Vocabulary

/// Reads lists that `FileListWriter` wrote, fed in pieces of any size.
///
/// Strict, for a list may come from a hostile host: a line has one spelling, each path comes once,
/// in the order of a walk, a folder before what it holds, and none leads out of the tree. Garbage is
/// an error with its line number, never a crash. Memory: one line, at most 64 MiB.
package struct FileListParser: Sendable {
  /// No line is longer; a file of a million extents fits.
  package static let longestLine = 64 << 20

  private var pending: [UInt8] = []
  private var lineNumber = 0
  private var lastPath: RelativePath?

  /// Starts at the head of a list.
  package init() {}

  /// Reads the next piece and hands on the records whose lines are complete.
  /// - Parameters:
  ///   - piece: the bytes that follow those of the last call.
  ///   - take: called for each record, in order.
  /// - Throws: `OperatorError` `file-list.malformed`, and whatever `take` throws.
  package mutating func feed(
    _ piece: Span<UInt8>, _ take: (FileRecord) throws -> Void
  ) throws {
    var start = 0
    for index in piece.indices where piece[index] == UInt8(ascii: "\n") {
      if pending.isEmpty {
        try parseLine(piece, start..<index, take)
      } else {
        append(piece, start..<index)
        let line = pending
        pending.removeAll(keepingCapacity: true)
        try parseLine(line.span, 0..<line.count, take)
      }
      start = index + 1
    }
    append(piece, start..<piece.count)
    if pending.count > Self.longestLine {
      throw malformed("it is longer than \(Self.longestLine) bytes", line: lineNumber + 1)
    }
  }

  /// Reads the next piece; see `feed(_:_:)` with a span.
  package mutating func feed(
    _ piece: [UInt8], _ take: (FileRecord) throws -> Void
  ) throws {
    try feed(piece.span, take)
  }

  /// Says that the list ends here.
  /// - Throws: `OperatorError` `file-list.malformed` where it ends in the middle of a line or has no
  ///   header.
  package mutating func finish() throws {
    guard pending.isEmpty, lineNumber > 0 else {
      throw malformed("the list is cut off", line: lineNumber + 1)
    }
  }

  private mutating func append(_ piece: Span<UInt8>, _ range: Range<Int>) {
    for index in range { pending.append(piece[index]) }
  }

  private mutating func parseLine(
    _ text: Span<UInt8>, _ range: Range<Int>, _ take: (FileRecord) throws -> Void
  ) throws {
    lineNumber += 1
    if lineNumber == 1 {
      var cursor = FileListCursor(range)
      let header = Array(FileListWriter.header.dropLast())
      guard cursor.take(header, in: text), cursor.isAtEnd else {
        throw malformed("it should be `\(String(decoding: header, as: UTF8.self))`", line: 1)
      }
      return
    }
    let record: FileRecord
    do {
      record = try FileListLine.parse(text, range)
    } catch {
      throw malformed(error.reason, line: lineNumber)
    }
    if let lastPath, record.path <= lastPath {
      throw malformed("\(record.path) must not come after \(lastPath)", line: lineNumber)
    }
    lastPath = record.path
    try take(record)
  }

  private func malformed(_ reason: String, line: Int) -> OperatorError {
    OperatorError(
      "file-list.malformed", .mismatch, "line \(line) of the list of files is wrong: \(reason)",
      hint: "the list is damaged or was not written by coffer; try an older snapshot")
  }
}

/// A place in a line, moved on as words are recognised.
///
/// It holds no bytes: they are lent to each call, for a stored span would tie it to their life.
struct FileListCursor {
  private(set) var position: Int
  let end: Int

  init(_ range: Range<Int>) {
    (position, end) = (range.lowerBound, range.upperBound)
  }

  var isAtEnd: Bool { position == end }

  /// Moves past `word` where it stands here.
  mutating func take(_ word: [UInt8], in text: Span<UInt8>) -> Bool {
    guard end - position >= word.count else { return false }
    for index in word.indices where text[position + index] != word[index] { return false }
    position += word.count
    return true
  }

  /// Moves past one byte where it stands here.
  mutating func take(_ byte: Unicode.Scalar, in text: Span<UInt8>) -> Bool {
    guard position < end, text[position] == UInt8(ascii: byte) else { return false }
    position += 1
    return true
  }

  /// Moves to the next space, or to `stop` before it, or to the end, and says what was passed.
  mutating func passValue(until stop: Unicode.Scalar = " ", in text: Span<UInt8>) -> Range<Int> {
    let start = position
    while position < end {
      let byte = text[position]
      if byte == UInt8(ascii: " ") || byte == UInt8(ascii: stop) { break }
      position += 1
    }
    return start..<position
  }

  /// Reads a decimal number without needless zeros; nil for anything else.
  mutating func takeNumber(in text: Span<UInt8>) -> UInt64? {
    let start = position
    var number: UInt64 = 0
    while position < end, let digit = Self.digit(text[position], below: 10) {
      let (tens, tooBig) = number.multipliedReportingOverflow(by: 10)
      let (sum, tooBigNow) = tens.addingReportingOverflow(UInt64(digit))
      if tooBig || tooBigNow { return nil }
      number = sum
      position += 1
    }
    let length = position - start
    guard length > 0, length == 1 || text[start] != UInt8(ascii: "0") else { return nil }
    return number
  }

  /// Reads exactly `count` digits of a base up to ten; nil for anything else.
  mutating func takeDigits(_ count: Int, base: UInt8, in text: Span<UInt8>) -> UInt32? {
    guard end - position >= count else { return nil }
    var number: UInt32 = 0
    for _ in 0..<count {
      guard let digit = Self.digit(text[position], below: base) else { return nil }
      number = number * UInt32(base) + UInt32(digit)
      position += 1
    }
    return number
  }

  private static func digit(_ byte: UInt8, below base: UInt8) -> UInt8? {
    let digit = byte &- UInt8(ascii: "0")
    return digit < base ? digit : nil
  }
}
