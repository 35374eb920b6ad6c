package import AgeFormat
internal import AgePlugins
internal import SecretMemory
internal import Vocabulary

/// Every kind of identity that stands on a line, told apart by how its text begins: one line a kind.
package enum IdentityRegistry {
  private struct Kind: Sendable {
    let begins: String
    let read: @Sendable (RawSpan, any KeyDialogue) throws -> any KeyPair
  }

  // The first that fits is taken, so what begins like another stands before it.
  private static let kinds: [Kind] = [
    Kind(begins: "AGE-SECRET-KEY-PQ-1") { text, _ in try HybridIdentity(parsing: text) },
    Kind(begins: "AGE-SECRET-KEY-1") { text, _ in try X25519Identity(parsing: text) },
    // What age-plugin-pq does can be done without it.
    Kind(begins: "AGE-PLUGIN-PQ-1") { text, _ in try HybridIdentity(parsingPluginForm: text) },
    Kind(begins: "AGE-PLUGIN-") { text, dialogue in try plugin(text, dialogue) },
    Kind(begins: "age1") { _, _ in throw recipientInsteadOfIdentity },
  ]

  /// Reads an identity of whichever kind.
  ///
  /// - Parameters:
  ///   - text: the identity as it is written.
  ///   - dialogue: whom a plugin may ask when the identity is used.
  /// - Returns: the identity.
  /// - Throws: `OperatorError` `identity.malformed`, `identity.unknown` or `identity.recipient`; none
  ///   repeats the text.
  package static func parse(
    _ text: RawSpan, asking dialogue: any KeyDialogue = NobodyToAsk()
  ) throws -> any KeyPair {
    for kind in kinds where begins(text, with: kind.begins) {
      return try kind.read(text, dialogue)
    }
    throw OperatorError(
      "identity.unknown", .usage, "an identity begins with AGE-SECRET-KEY-1, and this does not",
      hint: "give a file that age-keygen made")
  }

  /// The identity that a plugin takes where it needs no data: `-j NAME`.
  ///
  /// - Throws: `OperatorError` `plugin.name`.
  package static func withoutData(
    plugin text: String, asking dialogue: any KeyDialogue
  ) throws -> any KeyPair {
    let name = try PluginName(text)
    let written = Bech32.encode(name: "AGE-PLUGIN-\(name.text.uppercased())-", RawSpan())
    return written.withBytes { PluginIdentity(name, text: $0, asking: dialogue) }
  }

  static func begins(_ text: RawSpan, with prefix: String) -> Bool {
    let prefix = Array(prefix.utf8)
    return text.byteCount >= prefix.count
      && prefix.indices.allSatisfy { text[byteAt: $0] == prefix[$0] }
  }

  private static func plugin(
    _ text: RawSpan, _ dialogue: any KeyDialogue
  ) throws -> any KeyPair {
    let name = try Bech32.name(ofIdentity: text)
    guard name.hasPrefix("AGE-PLUGIN-"), name.hasSuffix("-") else {
      throw OperatorError("plugin.name", .usage, "no plugin can have the name in this key")
    }
    return PluginIdentity(
      try PluginName(String(name.dropFirst("AGE-PLUGIN-".count).dropLast())), text: text,
      asking: dialogue)
  }

  private static var recipientInsteadOfIdentity: OperatorError {
    OperatorError(
      "identity.recipient", .usage, "this is a recipient, which opens nothing, and not an identity",
      hint: "give the file with the secret key that belongs to it")
  }
}
