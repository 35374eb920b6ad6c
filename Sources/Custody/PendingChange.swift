internal import TrustedHardware
package import Vocabulary

/// A change of a volume that is begun and not ended, written in the volume's own header, as a token
/// that no program opens: it goes wherever the volume goes.
package enum PendingChange: Sendable, Equatable {
  /// A keyslot and its token are being added; until they are proven, they do not count.
  case addition(keyslot: Int, token: Int)
  /// A keyslot goes, with the tokens that have no other; before that, a token may take the place of
  /// one of them.
  case retirement(keyslot: Int, moving: TokenMove? = nil)
  /// A keyslot was added for PCR values to come; the old one goes when the new one has opened.
  case replacement(keyslot: Int, token: Int, old: Int)
  /// The volume key is being changed: each keyslot has another that takes its place.
  case rotation(RotationMark)

  /// A token that takes another number: systemd 252 asks them in their order, and stops at the first
  /// that it does not understand.
  package struct TokenMove: Sendable, Equatable {
    let from: Int
    let to: Int
  }

  /// The token's type.
  package static let type = "coffer-pending"

  /// Reads it from a token; nil where the token is none or of another form.
  init?(_ token: LUKSToken) {
    func number(_ field: String) -> Int? {
      guard case .integer(let number)? = token.json[field], (0..<32).contains(number) else {
        return nil
      }
      return number
    }
    if let mark = RotationMark(token) {
      self = .rotation(mark)
      return
    }
    guard token.type == Self.type, case .text(let action)? = token.json["coffer_action"],
      let keyslot = number("coffer_keyslot")
    else { return nil }
    switch (action, number("coffer_token"), number("coffer_old_keyslot")) {
    case ("addition", let token?, _): self = .addition(keyslot: keyslot, token: token)
    case ("retirement", let from, _):
      let to = number("coffer_new_token")
      let move = from.flatMap { from in to.map { TokenMove(from: from, to: $0) } }
      self = .retirement(keyslot: keyslot, moving: move)
    case ("replacement", let token?, let old?):
      self = .replacement(keyslot: keyslot, token: token, old: old)
    default: return nil
    }
  }

  /// The token that says so.
  package var json: JSONValue {
    var fields: [String: JSONValue] = ["type": .text(Self.type), "keyslots": .list([])]
    switch self {
    case .addition(let keyslot, let token):
      fields["coffer_action"] = .text("addition")
      fields["coffer_keyslot"] = .integer(keyslot)
      fields["coffer_token"] = .integer(token)
    case .retirement(let keyslot, let move):
      fields["coffer_action"] = .text("retirement")
      fields["coffer_keyslot"] = .integer(keyslot)
      if let move {
        fields["coffer_token"] = .integer(move.from)
        fields["coffer_new_token"] = .integer(move.to)
      }
    case .replacement(let keyslot, let token, let old):
      fields["coffer_action"] = .text("replacement")
      fields["coffer_keyslot"] = .integer(keyslot)
      fields["coffer_token"] = .integer(token)
      fields["coffer_old_keyslot"] = .integer(old)
    case .rotation(let mark): fields.merge(mark.fields) { $1 }
    }
    return .object(fields)
  }

  /// What it is, for people.
  package var text: String {
    switch self {
    case .addition(let keyslot, _): "keyslot \(keyslot) was being added"
    case .retirement(let keyslot, _): "keyslot \(keyslot) was being retired"
    case .replacement(let keyslot, _, let old):
      "keyslot \(keyslot) waits for the PCR values it was sealed to, and then replaces "
        + "keyslot \(old)"
    case .rotation(let mark): mark.text
    }
  }
}
