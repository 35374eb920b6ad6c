internal import TrustedHardware
package import Vocabulary

/// What a change of the volume key has to do, as the volume's own header says it: enough for the next
/// run to take back what was begun, or to go on.
///
/// It cannot be changed while the data is being encrypted anew, and need not be: which volume key the
/// data is under tells how far the change is.
package struct RotationMark: Sendable, Equatable {
  /// One thing that takes another's place.
  package struct Pair: Sendable, Equatable, Encodable {
    package let old: Int
    package let new: Int
  }

  /// `LUKSHeader.volumeKeyDigest` before.
  package let oldDigest: SHA256Digest
  /// The keyslots that are carried over.
  package let keyslots: [Pair]
  /// Their tokens.
  package let tokens: [Pair]
  /// The keyslots that go.
  package let dropped: [Int]
  /// The tokens that go with them.
  let droppedTokens: [Int]

  init(
    oldDigest: SHA256Digest, keyslots: [Pair], tokens: [Pair], dropped: [Int],
    droppedTokens: [Int]
  ) {
    self.oldDigest = oldDigest
    (self.keyslots, self.tokens) = (keyslots, tokens)
    (self.dropped, self.droppedTokens) = (dropped, droppedTokens)
  }

  /// Reads it from a token; nil where the token is another.
  init?(_ token: LUKSToken) {
    let json = token.json
    guard token.type == PendingChange.type, json["coffer_action"] == .text("rotation"),
      case .text(let digest)? = json["coffer_old_volume_key"],
      let oldDigest = SHA256Digest(hex: digest),
      let keyslots = Self.pairs(json["coffer_keyslots"]),
      let tokens = Self.pairs(json["coffer_tokens"]),
      let dropped = Self.numbers(json["coffer_dropped"]),
      let droppedTokens = Self.numbers(json["coffer_dropped_tokens"])
    else { return nil }
    self.init(
      oldDigest: oldDigest, keyslots: keyslots, tokens: tokens, dropped: dropped,
      droppedTokens: droppedTokens)
  }

  /// The fields of the token that says so.
  var fields: [String: JSONValue] {
    [
      "coffer_action": .text("rotation"), "coffer_old_volume_key": .text(oldDigest.hex),
      "coffer_keyslots": Self.list(keyslots), "coffer_tokens": Self.list(tokens),
      "coffer_dropped": .list(dropped.map { .integer($0) }),
      "coffer_dropped_tokens": .list(droppedTokens.map { .integer($0) }),
    ]
  }

  /// What it is, for people.
  package var text: String {
    let slots = keyslots.map { "\($0.old) to \($0.new)" }.joined(separator: ", ")
    return "the volume key was being changed, keyslot \(slots)"
  }

  private static func list(_ pairs: [Pair]) -> JSONValue {
    .list(pairs.map { .list([.integer($0.old), .integer($0.new)]) })
  }

  private static func pairs(_ value: JSONValue?) -> [Pair]? {
    guard case .list(let list)? = value else { return nil }
    let pairs = list.compactMap { pair in
      numbers(pair).flatMap { $0.count == 2 ? Pair(old: $0[0], new: $0[1]) : nil }
    }
    return pairs.count == list.count ? pairs : nil
  }

  private static func numbers(_ value: JSONValue?) -> [Int]? {
    guard case .list(let list)? = value else { return nil }
    let numbers = list.compactMap { number -> Int? in
      guard case .integer(let number) = number, (0..<32).contains(number) else { return nil }
      return number
    }
    return numbers.count == list.count ? numbers : nil
  }
}

extension Volume {
  /// The change of the volume key that is under way, with the token that says so; nil where none is.
  package var rotation: (mark: RotationMark, token: Int)? {
    for token in tokens {
      if case .pending(.rotation(let mark)) = token.kind { return (mark, token.number) }
    }
    return nil
  }
}
