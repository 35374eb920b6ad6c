import SecretMemory
package import Vocabulary

/// What one run is called: its start and eight random hex digits, `20260102T030405Z-1a2b3c4d`.
///
/// Sorts by time; two runs in one second stay apart.
package struct SnapshotID: WrittenForm, Comparable {
  package let text: String

  /// Names a run that starts at `moment`.
  package init(startedAt moment: Timestamp) {
    text = "\(moment.compactText)-\(Hexadecimal.encode(Randomness.bytes(count: 4)))"
  }

  /// Reads an id; nil where the text is not exactly of the form.
  package init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 25, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z"),
      bytes[16] == UInt8(ascii: "-")
    else { return nil }
    let digits = bytes[0..<8] + bytes[9..<15]
    guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let chance = Hexadecimal.decode(text.suffix(8)), Hexadecimal.encode(chance) == text.suffix(8)
    else { return nil }
    self.text = text
  }

  package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}
