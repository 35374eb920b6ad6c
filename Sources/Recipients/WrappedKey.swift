internal import AgeFormat
internal import SecretMemory

/// What age's stanzas have in common: a file key under a wrap key that is used once.
enum WrappedKey {
  /// How many bytes a wrapped file key has: checked before it is opened, for the tag alone does not
  /// bind the key.
  static let size = FileKey.size + ChaCha20Poly1305.tagSize

  // Every wrap key is used once, so its nonce is always zero.
  private static let nonce = InlineArray<12, UInt8>(repeating: 0)

  /// Wraps a file key under a 32-byte key.
  static func seal(_ fileKey: borrowing FileKey, under key: borrowing SecretBytes) -> [UInt8] {
    var cipher = ChaCha20Poly1305(key: key)
    return [UInt8](count: size) { body in
      fileKey.withBytes { cipher.seal($0, nonce: nonce, into: &body) }
    }
  }

  /// Unwraps a file key of the right size; nil where it was wrapped under another key.
  static func open(_ body: [UInt8], under key: borrowing SecretBytes) -> FileKey? {
    var cipher = ChaCha20Poly1305(key: key)
    var isMine = false
    let fileKey = FileKey { bytes in
      isMine = body.withBytes { cipher.open($0, nonce: nonce, into: &bytes) }
    }
    guard isMine else { return nil }
    return consume fileKey
  }
}
