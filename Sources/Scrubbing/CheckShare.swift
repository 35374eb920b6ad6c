/// Which part of a store one scrub checks: `1/7`, or `1` for all of it.
package struct CheckShare: Sendable, CustomStringConvertible {
  private let numerator: Int
  private let denominator: Int

  /// All of it.
  package static let everything = CheckShare(numerator: 1, denominator: 1)

  private init(numerator: Int, denominator: Int) {
    (self.numerator, self.denominator) = (numerator, denominator)
  }

  /// Reads a fraction that is more than nothing and at most all; nil for anything else.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count <= 2, let numerator = parts[0],
      let denominator = parts.count == 2 ? parts[1] : 1,
      numerator > 0, numerator <= denominator, denominator <= 1_000_000
    else { return nil }
    self.init(numerator: numerator, denominator: denominator)
  }

  /// As it is read.
  package var description: String {
    denominator == 1 ? "\(numerator)" : "\(numerator)/\(denominator)"
  }

  /// The share of a number, rounded up.
  func of(_ whole: Int) -> Int {
    whole / denominator * numerator
      + (whole % denominator * numerator + denominator - 1) / denominator
  }
}
