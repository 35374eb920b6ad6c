/// A length of time in whole seconds, written as `7d`, `12h`, `1y6m`.
///
/// Months are of 30 days and years of 365: a floor must not depend on the calendar.
package struct TimeSpan: WrittenForm, Comparable {
  private static let units: [(letter: Character, seconds: Int)] = [
    ("y", 365 * 86_400), ("m", 30 * 86_400), ("w", 7 * 86_400), ("d", 86_400), ("h", 3_600),
    ("s", 1),
  ]
  private static let longest = 1_000 * 365 * 86_400

  package let seconds: Int

  package init(seconds: Int) {
    self.seconds = seconds
  }

  /// So many days.
  package static func days(_ count: Int) -> TimeSpan { TimeSpan(seconds: count * 86_400) }

  /// Reads numbers with a letter each: `y`, `m` (months), `w`, `d`, `h`, `s`; nil for anything else, and
  /// for more than a thousand years.
  package init?(_ text: String) {
    var total = 0
    var digits = ""
    for character in text {
      if ("0"..."9").contains(character), digits.count < 10 {
        digits.append(character)
        continue
      }
      guard let unit = Self.units.first(where: { $0.letter == character }),
        let number = Int(digits)
      else { return nil }
      total += min(number, Self.longest) * unit.seconds
      guard total <= Self.longest else { return nil }
      digits = ""
    }
    guard digits.isEmpty, !text.isEmpty else { return nil }
    seconds = total
  }

  /// The written form, in the largest units; `0s` where there is no time.
  package var text: String { parts.isEmpty ? "0s" : parts.joined() }

  /// The two largest units alone, for people: `2m23h`; it cannot be longer than the span.
  package var roughly: String { parts.isEmpty ? "0s" : parts.prefix(2).joined() }

  private var parts: [String] {
    var rest = seconds
    var parts: [String] = []
    for unit in Self.units where rest >= unit.seconds {
      parts.append("\(rest / unit.seconds)\(unit.letter)")
      rest %= unit.seconds
    }
    return parts
  }

  package static func < (left: Self, right: Self) -> Bool { left.seconds < right.seconds }
}

extension Timestamp {
  /// How long before another moment this one was; negative where it was after it.
  package func age(at moment: Timestamp) -> TimeSpan {
    TimeSpan(seconds: moment.secondsSince1970 - secondsSince1970)
  }

  /// The moment so much later.
  package static func + (moment: Timestamp, span: TimeSpan) -> Timestamp {
    Timestamp(secondsSince1970: moment.secondsSince1970 + span.seconds)
  }
}
