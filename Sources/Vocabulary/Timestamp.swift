import Glibc

/// A moment in whole seconds, written as RFC 3339 in UTC: `2026-01-02T03:04:05Z`.
package struct Timestamp: WrittenForm, Comparable {
  /// Seconds since 1970-01-01T00:00:00Z.
  package let secondsSince1970: Int

  package init(secondsSince1970: Int) {
    self.secondsSince1970 = secondsSince1970
  }

  /// The moment of the call, by the system's clock.
  package static func now() -> Timestamp {
    Timestamp(secondsSince1970: time(nil))
  }

  /// Reads `YYYY-MM-DDTHH:MM:SSZ`; nil for anything else, the 31st of February included.
  package init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 20 else { return nil }
    func number(_ range: Range<Int>) -> Int {
      bytes[range].reduce(0) { $0 * 10 + Int($1) - Int(UInt8(ascii: "0")) }
    }
    let day = Self.days(year: number(0..<4), month: number(5..<7), day: number(8..<10))
    let moment = Timestamp(
      secondsSince1970: day * 86_400 + number(11..<13) * 3_600 + number(14..<16) * 60
        + number(17..<19))
    // Whatever is not a date does not come out as it went in.
    guard moment.text == text else { return nil }
    self = moment
  }

  /// The RFC 3339 text.
  package var text: String {
    let (date, time) = (date, secondsSince1970.modulo(86_400))
    return "\(digits(date.year, 4))-\(digits(date.month, 2))-\(digits(date.day, 2))T"
      + "\(digits(time / 3_600, 2)):\(digits(time / 60 % 60, 2)):\(digits(time % 60, 2))Z"
  }

  /// The same moment without punctuation, for names: `20260102T030405Z`.
  package var compactText: String { text.filter { $0 != "-" && $0 != ":" } }

  /// Days since 1970-01-01 in the Gregorian calendar, counted in eras of 400 years from March.
  private static func days(year: Int, month: Int, day: Int) -> Int {
    let marchYear = month > 2 ? year : year - 1
    let era = marchYear / 400
    let yearOfEra = marchYear - era * 400
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private var date: (year: Int, month: Int, day: Int) {
    let days = (secondsSince1970 - secondsSince1970.modulo(86_400)) / 86_400 + 719_468
    let era = (days - days.modulo(146_097)) / 146_097
    let dayOfEra = days - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    return (
      yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
      dayOfYear - (153 * marchMonth + 2) / 5 + 1
    )
  }

  package static func < (left: Self, right: Self) -> Bool {
    left.secondsSince1970 < right.secondsSince1970
  }
}

extension Int {
  fileprivate func modulo(_ divisor: Int) -> Int {
    let rest = self % divisor
    return rest < 0 ? rest + divisor : rest
  }
}

private func digits(_ number: Int, _ count: Int) -> String {
  let text = String(number)
  return String(repeating: "0", count: Swift.max(0, count - text.utf8.count)) + text
}
