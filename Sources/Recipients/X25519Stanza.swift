internal import AgeFormat
internal import SecretMemory

/// What both sides of an X25519 stanza agree on.
///
/// age.md, "X25519 recipient stanza".
enum X25519Stanza {
  static let type = "X25519"
  static let recipientName = "age"
  static let identityName = "AGE-SECRET-KEY-"

  /// Every wrap key is used once, so its nonce is always zero.
  static let nonce = InlineArray<12, UInt8>(repeating: 0)
  /// A wrapped file key: checked before it is opened, for the tag alone does not bind the key.
  static let bodySize = FileKey.size + ChaCha20Poly1305.tagSize

  /// The cipher that wraps one file key.
  static func cipher(
    shared: borrowing SecretBytes, share: [UInt8], recipient: [UInt8]
  ) -> ChaCha20Poly1305 {
    let key = HKDFSHA256.derive(
      secret: shared, salt: share + recipient, info: "age-encryption.org/v1/X25519",
      count: ChaCha20Poly1305.keySize)
    return ChaCha20Poly1305(key: key)
  }
}
