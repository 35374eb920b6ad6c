internal import AgeFormat
internal import SecretMemory

/// What both sides of a passphrase stanza agree on.
///
/// age.md, "scrypt recipient stanza".
enum PassphraseStanza {
  static let type = AgeHeader.passphraseType
  static let saltSize = 16
  private static let label = Array("age-encryption.org/v1/scrypt".utf8)

  /// The key that wraps the file key; nil where there is not memory enough for the work factor.
  static func wrapKey(
    _ passphrase: borrowing SecretBytes, salt: [UInt8], workFactor: Int
  ) -> SecretBytes? {
    passphrase.withBytes {
      Scrypt.derive(
        passphrase: $0, salt: label + salt, workFactor: workFactor,
        count: ChaCha20Poly1305.keySize)
    }
  }
}
