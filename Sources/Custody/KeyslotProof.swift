package import Vocabulary

/// What came of opening one keyslot for real.
///
/// As JSON it is one object, `proof`.
package struct KeyslotProof: Sendable, Encodable {
  /// The keyslot.
  package let keyslot: Int
  /// The token by which it was to open; nil for what is typed.
  package let token: Int?
  /// By what: `systemd-tpm2`, `systemd-recovery`, `passphrase`, or a foreign token's type.
  package let kind: String
  /// What came of it.
  package let outcome: Outcome

  /// What came of opening a keyslot.
  package enum Outcome: Sendable, Equatable {
    /// It opened.
    case opened
    /// It did not open, and this is why.
    case refused(OperatorError)
    /// It was not tried, and this is why.
    case untested(String)
  }

  /// One line for people.
  package var line: String {
    let by = token.map { "token \($0) (\(kind.onOneLine))" } ?? kind
    return switch outcome {
    case .opened: "keyslot \(keyslot)  opened by \(by)"
    case .refused(let error): "keyslot \(keyslot)  NOT opened by \(by): \(error.message)"
    case .untested(let reason): "keyslot \(keyslot)  not tested, \(by): \(reason)"
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Field.self)
    try fields.encode("proof", forKey: .event)
    try fields.encode(keyslot, forKey: .keyslot)
    try fields.encode(token, forKey: .token)
    try fields.encode(kind, forKey: .kind)
    switch outcome {
    case .opened: try fields.encode("opened", forKey: .outcome)
    case .refused(let error):
      try fields.encode("refused", forKey: .outcome)
      try fields.encode(error.code, forKey: .code)
      try fields.encode(error.message, forKey: .reason)
    case .untested(let reason):
      try fields.encode("untested", forKey: .outcome)
      try fields.encode(reason, forKey: .reason)
    }
  }

  private enum Field: CodingKey { case event, keyslot, token, kind, outcome, code, reason }
}
