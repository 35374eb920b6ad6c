/// One thing that was checked, and how it came out.
package struct Finding: Sendable, Codable, Hashable {
  package enum Outcome: String, Sendable, Codable {
    case good
    case warning
    case bad
  }

  package let outcome: Outcome
  /// A stable word, `tables.rows` for example.
  package let check: String
  /// One sentence that names the thing.
  package let text: String

  package init(_ outcome: Outcome, _ check: String, _ text: String) {
    self.outcome = outcome
    self.check = check
    self.text = text
  }
}
