internal import SecretMemory

/// The 16 bytes that open one file: what the stanzas wrap, and what no second file may share.
package struct FileKey: ~Copyable, Sendable {
  /// How many bytes a file key has.
  package static let size = 16

  private let secret: SecretBytes

  /// Draws a new file key.
  package init() {
    secret = SecretBytes.random(count: Self.size)
  }

  /// Lets `fill` write the 16 bytes of a file key that was unwrapped; passes on what it throws.
  package init<E: Error>(filledBy fill: (inout MutableRawSpan) throws(E) -> Void) throws(E) {
    secret = try SecretBytes(count: Self.size, filledBy: fill)
  }

  /// Lends the 16 bytes to whoever wraps them.
  package borrowing func withBytes<R: ~Copyable, E: Error>(
    _ body: (RawSpan) throws(E) -> R
  ) throws(E) -> R {
    try secret.withBytes(body)
  }

  /// The key that authenticates the header, 32 bytes.
  borrowing func headerKey() -> SecretBytes {
    HKDFSHA256.derive(secret: secret, info: "header", count: HMACSHA256.size)
  }

  /// The key that seals the payload which starts with `nonce`, 32 bytes.
  borrowing func payloadSecret(nonce: [UInt8]) -> SecretBytes {
    HKDFSHA256.derive(
      secret: secret, salt: nonce, info: "payload", count: ChaCha20Poly1305.keySize)
  }
}
