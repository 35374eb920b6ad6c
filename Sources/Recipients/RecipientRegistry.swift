package import AgeFormat
internal import AgePlugins
internal import Vocabulary

/// Every kind of recipient there is, told apart by how its text begins: one line a kind.
package enum RecipientRegistry {
  private struct Kind: Sendable {
    let begins: String
    let read: @Sendable (String, any KeyDialogue) throws -> any Recipient
  }

  // The first that fits is taken, so what begins like another stands before it.
  private static let kinds: [Kind] = [
    Kind(begins: "age1pq1") { text, _ in try HybridRecipient(parsing: text) },
    Kind(begins: "age1tagpq1") { text, _ in try HybridTaggedRecipient(parsing: text) },
    Kind(begins: "age1tag1") { text, _ in try TaggedRecipient(parsing: text) },
    Kind(begins: "age1") { text, dialogue in try classicOrPlugin(text, dialogue) },
    Kind(begins: "ssh-ed25519 ") { text, _ in try SSHRecipient(parsing: text) },
    Kind(begins: "ssh-") { _, _ in throw unsupported("SSH keys other than ssh-ed25519") },
    Kind(begins: "ecdsa-sha2-") { _, _ in throw unsupported("SSH keys other than ssh-ed25519") },
    Kind(begins: "AGE-SECRET-KEY-") { _, _ in throw secretInsteadOfRecipient },
    Kind(begins: "AGE-PLUGIN-") { _, _ in throw secretInsteadOfRecipient },
  ]

  /// Reads a recipient of whichever kind.
  ///
  /// - Parameters:
  ///   - text: the recipient as it is written.
  ///   - dialogue: whom a plugin may ask when the recipient is encrypted to.
  /// - Returns: the recipient.
  /// - Throws: `OperatorError`: `recipient.malformed`, `recipient.unsupported`, `recipient.unknown`,
  ///   or `recipient.secret` where somebody gave a secret key, which is not repeated.
  package static func parse(
    _ text: String, asking dialogue: any KeyDialogue = NobodyToAsk()
  ) throws -> any Recipient {
    guard let kind = kinds.first(where: { text.hasPrefix($0.begins) }) else {
      throw OperatorError(
        "recipient.unknown", .usage, "a recipient begins with age1 or ssh-, and this text does not",
        hint: "take the line \"public key\" of the recipient's identity file")
    }
    return try kind.read(text, dialogue)
  }

  private static func classicOrPlugin(
    _ text: String, _ dialogue: any KeyDialogue
  ) throws -> any Recipient {
    // Bech32 ends its name at the last 1; a longer name than "age" is that of a plugin.
    guard let end = text.lastIndex(of: "1"), text[..<end].hasPrefix("age1") else {
      return try X25519Recipient(parsing: text)
    }
    try Bech32.check(recipient: text)
    let name = try PluginName(String(text[..<end].dropFirst("age1".count)))
    return PluginRecipient(name, text: text, asking: dialogue)
  }

  private static func unsupported(_ what: String) -> OperatorError {
    OperatorError(
      "recipient.unsupported", .usage, "\(what) are not supported",
      hint: "give a recipient that begins with age1, or an SSH key of type ed25519")
  }

  private static var secretInsteadOfRecipient: OperatorError {
    OperatorError(
      "recipient.secret", .usage, "this is an identity, which is secret, and not a recipient",
      hint: "take it out of this place, and give the public key that belongs to it")
  }
}
