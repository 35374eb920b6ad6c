internal import SecretMemory

/// The public half of a minisign key pair: says whether a message was signed by the other half.
package struct VerifyingKey: Sendable, Hashable {
  /// By what the key is found.
  package let keyID: KeyID

  private let publicKey: [UInt8]

  /// Puts a key together of parts that are known to be right.
  init(keyID: KeyID, publicKey: [UInt8]) {
    self.keyID = keyID
    self.publicKey = publicKey
  }

  /// Reads a `.pub` file, or its second line alone; throws `malformedVerifyingKey`.
  package init(parsing text: String) throws(SignatureError) {
    var lines = Minisign.lines(text)
    if lines.count == 2 {
      let comment = Minisign.comment(
        lines[0], after: Minisign.untrustedPrefix, atMost: Minisign.longestUntrustedLine)
      guard comment != nil else { throw .malformedVerifyingKey }
      lines.removeFirst()
    }
    guard lines.count == 1, let bytes = Base64.decode(Array(lines[0]), padding: .required),
      bytes.count == 2 + KeyID.size + Ed25519.publicKeySize,
      bytes.starts(with: Minisign.plainAlgorithm)
    else { throw .malformedVerifyingKey }
    keyID = KeyID(bytes: bytes[2..<2 + KeyID.size])
    publicKey = Array(bytes[(2 + KeyID.size)...])
  }

  /// The key as minisign keeps it in a `.pub` file: two lines.
  ///
  /// minisign's comment leaves out the leading zeros of the id.
  package var text: String {
    let bytes = Minisign.plainAlgorithm + keyID.bytes + publicKey
    return """
      \(Minisign.untrustedPrefix)minisign public key \(String(keyID.value, radix: 16, uppercase: true))
      \(Base64.encode(bytes, padding: .required))

      """
  }

  /// Checks the text of a `.minisig` file against a message.
  /// - Returns: the trusted comment, which is signed with the message.
  /// - Throws: `malformedSignature`, `legacyAlgorithm`, `signedByAnotherKey`, `messageMismatch` or
  ///   `trustedCommentMismatch`.
  package func verify(
    _ signature: String, of message: RawSpan
  ) throws(SignatureError) -> String {
    let parts = try SignatureText(parsing: signature)
    guard parts.keyID == keyID else { throw .signedByAnotherKey(parts.keyID) }
    let digest = BLAKE2b.digest512(of: message)
    guard isSigned(digest, by: parts.signature) else { throw .messageMismatch }
    guard isSigned(parts.signature + parts.trustedComment.utf8, by: parts.globalSignature) else {
      throw .trustedCommentMismatch
    }
    return parts.trustedComment
  }

  private func isSigned(_ bytes: [UInt8], by signature: [UInt8]) -> Bool {
    bytes.withBytes { Ed25519.verify(signature, of: $0, by: publicKey) }
  }
}

extension VerifyingKey: CustomStringConvertible {
  /// The id of the key.
  package var description: String { keyID.description }
}
