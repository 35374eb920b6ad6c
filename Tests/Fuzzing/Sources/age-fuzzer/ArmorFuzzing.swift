import AgeFormat
import SecretMemory

/// Armor that is taken off whole and byte by byte, and put on again.
enum ArmorFuzzing {
  private struct Outcome: Equatable {
    var bytes: [UInt8] = []
    var error: AgeError?
  }

  static func run(_ text: [UInt8]) {
    let whole = takenOff(text, piece: max(1, text.count))
    // Byte by byte as a rule, and now and then by something beside the length of a line.
    let piece = text.count % 4 == 0 ? 65 : 1
    let other = takenOff(text, piece: piece)
    demand(whole.error == other.error, "whole: \(whole), in pieces of \(piece): \(other)")
    // What was given before an error depends on when it was seen, but not on anything else.
    let isSame = whole.error == nil ? whole == other : agree(whole.bytes, other.bytes)
    demand(isSame, "whole: \(whole), in pieces of \(piece): \(other)")
    guard whole.error == nil else { return }
    demand(begins(text, piece: text.count) && begins(text, piece: 1), "armor is not noticed")
    demand(lines(putOn(whole.bytes)) == lines(text), "armor cannot be written again")
  }

  private static func takenOff(_ text: [UInt8], piece: Int) -> Outcome {
    let source = ArmorSource(PiecewiseSource(text, piece: piece))
    var outcome = Outcome()
    var room = [UInt8](repeating: 0, count: 100)
    do {
      while true {
        let count = try room.withMutableBytes { try source.read(into: &$0) }
        guard count > 0 else { return outcome }
        outcome.bytes += room[..<count]
      }
    } catch {
      outcome.error = error as? AgeError
      demand(outcome.error != nil, "armor fails with \(error)")
      return outcome
    }
  }

  private static func begins(_ text: [UInt8], piece: Int) -> Bool {
    let source = BufferedSource(PiecewiseSource(text, piece: piece))
    return (try? ArmorSource.begins(source)) ?? false
  }

  private static func putOn(_ bytes: [UInt8]) -> [UInt8] {
    let sink = CollectingSink()
    let armor = ArmorSink(sink)
    do {
      // In two parts, cut anywhere.
      let cut = bytes.count / 3
      try bytes.withBytes { try armor.write($0.extracting(0..<cut)) }
      try bytes.withBytes { try armor.write($0.extracting(cut..<bytes.count)) }
      try armor.finish()
    } catch {
      demand(false, "armor cannot be put on: \(error)")
    }
    return sink.bytes
  }

  /// The text without what a reader may overlook: white space around it, and how lines end.
  private static func lines(_ text: [UInt8]) -> [[UInt8]] {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0d).contains($0) }
    guard let first = text.firstIndex(where: { !isSpace($0) }),
      let last = text.lastIndex(where: { !isSpace($0) })
    else { return [] }
    return text[first...last].split(separator: 0x0a, omittingEmptySubsequences: false)
      .map { $0.last == 0x0d ? Array($0.dropLast()) : Array($0) }
  }

  private static func agree(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    starts(one, with: other) || starts(other, with: one)
  }
}
