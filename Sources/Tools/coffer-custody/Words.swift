import Custody

/// Lists and differences as lines for people.
enum Words {
  static func list(_ numbers: [Int]) -> String {
    numbers.isEmpty ? "none" : numbers.map(String.init).joined(separator: ", ")
  }

  /// What a restore would change; empty where it would change nothing.
  static func changes(_ difference: HeaderDifference) -> [String] {
    [
      ("would bring keyslot \(list(difference.revivedKeyslots)) back", difference.revivedKeyslots),
      ("would lose keyslot \(list(difference.lostKeyslots))", difference.lostKeyslots),
      ("would bring token \(list(difference.revivedTokens)) back", difference.revivedTokens),
      ("would lose token \(list(difference.lostTokens))", difference.lostTokens),
    ].filter { !$0.1.isEmpty }.map(\.0)
  }
}
