internal import SecretMemory

/// The key of one payload: made of the file key and the payload's nonce, and good for nothing else.
package struct PayloadKey: ~Copyable, Sendable {
  private let secret: SecretBytes

  /// Derives the key of the payload that starts with the 16 bytes of `nonce`.
  package init(fileKey: borrowing FileKey, nonce: [UInt8]) {
    precondition(nonce.count == PayloadLayout.nonceSize, "a payload nonce is 16 bytes")
    secret = fileKey.payloadSecret(nonce: nonce)
  }

  /// A cipher for one worker.
  borrowing func cipher() -> ChaCha20Poly1305 {
    ChaCha20Poly1305(key: secret)
  }
}

/// A payload key that several workers look at; it is wiped when the last of them is done.
final class SharedKey: Sendable {
  let key: PayloadKey

  init(_ key: consuming PayloadKey) {
    self.key = key
  }
}
