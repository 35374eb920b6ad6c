package import AgeFormat
internal import SecretMemory
internal import Vocabulary

/// Every kind of identity there is, told apart by how its text begins: one line a kind.
package enum IdentityRegistry {
  private struct Kind: Sendable {
    let begins: String
    let read: @Sendable (RawSpan) throws -> any Identity
  }

  // The first that fits is taken, so what begins like another stands before it.
  private static let kinds: [Kind] = [
    Kind(begins: "AGE-SECRET-KEY-PQ-1") { _ in throw unsupported("hybrid identities") },
    Kind(begins: "AGE-SECRET-KEY-1") { try X25519Identity(parsing: $0) },
    Kind(begins: "AGE-PLUGIN-") { _ in throw unsupported("identities of plugins") },
    Kind(begins: "-----BEGIN") { _ in throw unsupported("SSH keys as identities") },
    Kind(begins: "age-encryption.org/") { _ in throw unsupported("encrypted identity files") },
    Kind(begins: "age1") { _ in throw recipientInsteadOfIdentity },
  ]

  /// Reads an identity of whichever kind.
  ///
  /// Throws `OperatorError` `identity.malformed`, `identity.unsupported`, `identity.unknown` or
  /// `identity.recipient`; none repeats the text.
  package static func parse(_ text: RawSpan) throws -> any Identity {
    for kind in kinds where begins(text, kind.begins) {
      return try kind.read(text)
    }
    throw OperatorError(
      "identity.unknown", .usage, "an identity begins with AGE-SECRET-KEY-1, and this does not",
      hint: "give a file that age-keygen made")
  }

  private static func begins(_ text: RawSpan, _ prefix: String) -> Bool {
    let prefix = Array(prefix.utf8)
    return text.byteCount >= prefix.count
      && prefix.indices.allSatisfy { text[byteAt: $0] == prefix[$0] }
  }

  private static func unsupported(_ what: String) -> OperatorError {
    OperatorError(
      "identity.unsupported", .usage, "\(what) are not supported by this version",
      hint: "give an identity that begins with AGE-SECRET-KEY-1")
  }

  private static var recipientInsteadOfIdentity: OperatorError {
    OperatorError(
      "identity.recipient", .usage, "this is a recipient, which opens nothing, and not an identity",
      hint: "give the file with the secret key that belongs to it")
  }
}
