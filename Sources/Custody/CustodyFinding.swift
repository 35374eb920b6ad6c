/// Something about a volume's keys that an officer should know.
package struct CustodyFinding: Sendable, Encodable, Equatable {
  /// How much it weighs.
  package let severity: Severity
  /// A stable word, `pcr.never-extended` for example; docs/exit-codes.md lists them.
  package let code: String
  /// One sentence, lower case, without a full stop.
  package let text: String
  /// The keyslot that it is about.
  package let keyslot: Int?
  /// The token that it is about.
  package let token: Int?

  /// How much a finding weighs.
  package enum Severity: String, Sendable, Codable, CaseIterable {
    /// To be known.
    case info
    /// To be looked at.
    case warning
    /// What was meant to protect does not, or the volume may not open.
    case bad
  }

  init(
    _ severity: Severity, _ code: String, keyslot: Int? = nil, token: Int? = nil, _ text: String
  ) {
    self.severity = severity
    self.code = code
    self.keyslot = keyslot
    self.token = token
    self.text = text
  }
}
