internal import SecretMemory
internal import Synchronization

/// The bytes that an armor holds, read by the letter: one line after the other, nothing lenient.
///
/// White space may stand before and after, lines may end in CR LF, and the last line end may be
/// missing. All else throws `AgeError.malformedArmor` (age.md, "ASCII armor").
package final class ArmorSource: ByteSource {
  private enum Place {
    case before
    case inside
    case after
  }

  private struct State {
    var place = Place.before
    var line = 0
    /// Whether the line before was short, so that nothing but the end may follow.
    var wasShort = false
    var piece: [UInt8] = []
    var text: [UInt8] = []
    var position = 0
    var hasEnded = false
    var whitespace = 0
    var bytes: [UInt8] = []
    var taken = 0
  }

  private static let pieceSize = 64 * 1024
  // A line that is longer than any of armor cannot become one.
  private static let longestLine = 128

  private let source: any ByteSource
  private let state = Mutex(State())

  package init(_ source: any ByteSource) {
    self.source = source
  }

  /// Whether what a source starts with is armor, white space before it passed over.
  package static func begins(_ source: BufferedSource) throws -> Bool {
    try source.look { bytes, isAll -> Bool? in
      var start = 0
      while start < bytes.byteCount, ArmorText.isWhitespace(bytes[byteAt: start]) { start += 1 }
      guard start <= ArmorText.maximumWhitespace else { return false }
      let count = min(bytes.byteCount - start, ArmorText.begin.count)
      guard (0..<count).allSatisfy({ bytes[byteAt: start + $0] == ArmorText.begin[$0] }) else {
        return false
      }
      return count == ArmorText.begin.count ? true : isAll ? false : nil
    } ?? false
  }

  package func read(into room: inout MutableRawSpan) throws -> Int {
    try state.withLock { state in
      if state.taken == state.bytes.count {
        state.bytes.removeAll(keepingCapacity: true)
        state.taken = 0
        try decodeMore(&state)
      }
      let count = min(room.byteCount, state.bytes.count - state.taken)
      var target = room._mutatingExtracting(0..<count)
      state.bytes.withBytes {
        target.copy(from: $0.extracting(state.taken..<state.taken + count))
      }
      state.taken += count
      return count
    }
  }

  /// Decodes until there is something, or until the source ends after the armor did.
  private func decodeMore(_ state: inout State) throws {
    while state.bytes.isEmpty {
      let tookSomething = try decodeLines(&state)
      guard state.bytes.isEmpty else { return }
      if !state.hasEnded {
        try refill(&state)
      } else if !tookSomething {
        guard state.place == .after else { throw malformed(state, "it has no end line") }
        return
      }
    }
  }

  private func refill(_ state: inout State) throws {
    state.text.removeFirst(state.position)
    state.position = 0
    if state.piece.isEmpty { state.piece = [UInt8](repeating: 0, count: Self.pieceSize) }
    let count = try state.piece.withMutableBytes { try source.read(into: &$0) }
    state.piece.withBytes { state.text.append($0.extracting(0..<count)) }
    state.hasEnded = count == 0
  }

  /// Takes all lines that are whole; at the source's end the last need not be.
  /// - Returns: whether anything was taken.
  private func decodeLines(_ state: inout State) throws -> Bool {
    let text = state.text
    let start = state.position
    try text.withBytes { text in
      while state.position < text.byteCount {
        if state.place != .inside, try skipWhitespace(text, &state) { continue }
        let start = state.position
        var end = start
        while end < text.byteCount, text[byteAt: end] != ArmorText.newline { end += 1 }
        let isLong = end - start > Self.longestLine
        guard isLong || end < text.byteCount || state.hasEnded else { return }
        state.line += 1
        // Said of a line that is not all there yet, too, so that pieces make no difference.
        guard !isLong else { throw malformed(state, "a line is too long") }
        state.position = min(end + 1, text.byteCount)
        let isEnded = end < text.byteCount
        if isEnded, end > start, text[byteAt: end - 1] == ArmorText.carriageReturn { end -= 1 }
        try take(text.extracting(start..<end), &state)
      }
    }
    return state.position > start
  }

  /// Passes over one character of white space before or after the armor, if there is one.
  private func skipWhitespace(_ text: RawSpan, _ state: inout State) throws -> Bool {
    guard ArmorText.isWhitespace(text[byteAt: state.position]) else {
      guard state.place == .before else { throw malformed(state, "something follows its end") }
      state.whitespace = 0
      return false
    }
    state.position += 1
    state.whitespace += 1
    guard state.whitespace <= ArmorText.maximumWhitespace else {
      throw malformed(state, "there is too much white space around it")
    }
    return true
  }

  private func take(_ line: RawSpan, _ state: inout State) throws {
    guard state.place == .inside else {
      guard Self.equal(line, ArmorText.begin) else {
        throw malformed(state, "it does not begin as armor does")
      }
      state.place = .inside
      return
    }
    if line.byteCount > 0, line[byteAt: 0] == UInt8(ascii: "-") {
      guard Self.equal(line, ArmorText.end) else { throw malformed(state, "its end line is wrong") }
      state.place = .after
      return
    }
    guard !state.wasShort else { throw malformed(state, "a line follows a short one") }
    guard line.byteCount <= ArmorText.columns else { throw malformed(state, "a line is too long") }
    let before = state.bytes.count
    guard ArmorText.decode(line, to: &state.bytes) else {
      throw malformed(state, "a line is not canonical base64")
    }
    state.wasShort = state.bytes.count - before < ArmorText.bytesInALine
  }

  private static func equal(_ line: RawSpan, _ wanted: [UInt8]) -> Bool {
    line.byteCount == wanted.count
      && wanted.indices.allSatisfy { line[byteAt: $0] == wanted[$0] }
  }

  private func malformed(_ state: State, _ reason: String) -> AgeError {
    .malformedArmor(line: state.line, reason)
  }
}
