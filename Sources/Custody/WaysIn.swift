internal import TrustedHardware
internal import Vocabulary

/// The ways into a volume, as the custody record has them before and after a change.
struct WaysIn: Codable {
  let keyslots: [Int]
  let tokens: [Token]

  init(_ volume: Volume) {
    keyslots = volume.keyslots.map(\.number)
    tokens = volume.tokens.map { Token($0) }
  }

  /// A token, by what does not change when it takes another number.
  struct Token: Codable, Hashable {
    let number: Int
    let type: String
    let keyslots: [Int]
    let policy: [String]?

    init(_ token: VolumeToken) {
      (number, type, keyslots) = (token.number, token.type, token.keyslots)
      policy = token.tpm2?.policyHashes
    }

    static func == (left: Self, right: Self) -> Bool {
      left.type == right.type && left.keyslots == right.keyslots && left.policy == right.policy
    }

    func hash(into hasher: inout Hasher) {
      hasher.combine(type)
      hasher.combine(keyslots)
      hasher.combine(policy)
    }
  }
}
