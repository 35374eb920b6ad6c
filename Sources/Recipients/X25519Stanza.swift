internal import AgeFormat
internal import SecretMemory

/// What both sides of an X25519 stanza agree on.
///
/// age.md, "X25519 recipient stanza".
enum X25519Stanza {
  static let type = "X25519"
  static let recipientName = "age"
  static let identityName = "AGE-SECRET-KEY-"

  /// The key that wraps one file key.
  static func wrapKey(
    shared: borrowing SecretBytes, share: [UInt8], recipient: [UInt8]
  ) -> SecretBytes {
    HKDFSHA256.derive(
      secret: shared, salt: share + recipient, info: "age-encryption.org/v1/X25519",
      count: ChaCha20Poly1305.keySize)
  }
}
