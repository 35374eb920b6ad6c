package import AgeFormat
internal import Vocabulary

/// Every kind of recipient there is, told apart by how its text begins: one line a kind.
package enum RecipientRegistry {
  private struct Kind: Sendable {
    let begins: String
    let read: @Sendable (String) throws -> any Recipient
  }

  // The first that fits is taken, so what begins like another stands before it.
  private static let kinds: [Kind] = [
    Kind(begins: "age1pq1") { _ in throw unsupported("hybrid recipients (age1pq1…)") },
    Kind(begins: "age1tagpq1") { _ in throw unsupported("hybrid tagged recipients (age1tagpq1…)") },
    Kind(begins: "age1tag1") { _ in throw unsupported("tagged recipients (age1tag1…)") },
    Kind(begins: "ssh-") { _ in throw unsupported("SSH keys as recipients") },
    Kind(begins: "AGE-SECRET-KEY-") { _ in throw secretInsteadOfRecipient },
    Kind(begins: "AGE-PLUGIN-") { _ in throw secretInsteadOfRecipient },
    Kind(begins: "age1") { try recipientOrPlugin($0) },
  ]

  /// Reads a recipient of whichever kind.
  ///
  /// Throws `OperatorError`: `recipient.malformed`, `recipient.unsupported`, `recipient.unknown`, or
  /// `recipient.secret` where somebody gave a secret key, which is not repeated.
  package static func parse(_ text: String) throws -> any Recipient {
    guard let kind = kinds.first(where: { text.hasPrefix($0.begins) }) else {
      throw OperatorError(
        "recipient.unknown", .usage, "a recipient begins with age1, and this text does not",
        hint: "take the line \"Public key\" of the recipient's identity file")
    }
    return try kind.read(text)
  }

  private static func recipientOrPlugin(_ text: String) throws -> any Recipient {
    // Bech32 ends its name at the last 1; a longer name than "age" is that of a plugin.
    if let end = text.lastIndex(of: "1"), text[..<end].count > X25519Stanza.recipientName.count {
      throw unsupported("recipients of plugins (\(text[...end])…)")
    }
    return try X25519Recipient(parsing: text)
  }

  private static func unsupported(_ what: String) -> OperatorError {
    OperatorError(
      "recipient.unsupported", .usage, "\(what) are not supported by this version",
      hint: "give a recipient that begins with age1 and is 62 characters long")
  }

  private static var secretInsteadOfRecipient: OperatorError {
    OperatorError(
      "recipient.secret", .usage, "this is an identity, which is secret, and not a recipient",
      hint: "take it out of this place, and give the public key that belongs to it")
  }
}
