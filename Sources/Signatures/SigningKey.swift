internal import SecretMemory

/// The secret half of a minisign key pair, kept as `minisign -G -W` keeps it: without a password.
///
/// One key serves one purpose, for a minisign signature does not say what it is for. The secret stays
/// in locked memory; printing the key shows its id.
package final class SigningKey: Sendable {
  /// The half that is given away.
  package let verifyingKey: VerifyingKey

  private let secretKey: SecretBytes

  // algorithm, key derivation, checksum, salt, its two limits; then id, secret key, checksum.
  private static let headSize = 2 + 2 + 2 + 32 + 8 + 8
  private static let checksumSize = 32
  private static let size = headSize + KeyID.size + Ed25519.secretKeySize + checksumSize
  private static let checksumAlgorithm = Array("B2".utf8)
  private static let noDerivation: [UInt8] = [0, 0]
  private static let passwordDerivation = Array("Sc".utf8)

  private init(keyID: KeyID, secretKey: consuming SecretBytes) {
    verifyingKey = VerifyingKey(keyID: keyID, publicKey: Ed25519.publicKey(of: secretKey))
    self.secretKey = secretKey
  }

  /// Draws a new key and its id.
  package static func generate() -> SigningKey {
    let seed = SecretBytes.random(count: Ed25519.seedSize)
    return SigningKey(
      keyID: KeyID(bytes: Randomness.bytes(count: KeyID.size)),
      secretKey: Ed25519.secretKey(fromSeed: seed))
  }

  /// Reads a secret key file of two lines.
  ///
  /// Throws `malformedSigningKey` or `passwordProtectedKey`.
  package convenience init(parsing text: RawSpan) throws(SignatureError) {
    let line = try Self.secondLine(of: text)
    guard
      let bytes = Base64.decodeSecret(text.extracting(line), padding: .required),
      bytes.count == Self.size
    else { throw .malformedSigningKey }
    let head = bytes.withBytes { $0.extracting(0..<Self.headSize + KeyID.size).copied() }
    guard head.starts(with: Minisign.plainAlgorithm),
      head[4..<6].elementsEqual(Self.checksumAlgorithm)
    else { throw .malformedSigningKey }
    guard !head[2..<4].elementsEqual(Self.passwordDerivation) else { throw .passwordProtectedKey }
    guard head[2..<4].elementsEqual(Self.noDerivation) else { throw .malformedSigningKey }

    let start = head.count
    let seed = bytes.withBytes {
      SecretBytes(copying: $0.extracting(start..<start + Ed25519.seedSize))
    }
    let secretKey = Ed25519.secretKey(fromSeed: seed)
    // A public half that is not the seed's would make signatures that give the secret away.
    let belongTogether = bytes.withBytes { bytes in
      secretKey.withBytes { secret in
        ConstantTime.equal(bytes.extracting(start..<start + Ed25519.secretKeySize), secret)
      }
    }
    guard belongTogether else { throw .malformedSigningKey }
    self.init(keyID: KeyID(bytes: head[Self.headSize...]), secretKey: secretKey)
  }

  /// Lends the text of the secret key file, which stock minisign reads; it is wiped after `body`.
  package func withText<R: ~Copyable, E: Error>(
    _ body: (RawSpan) throws(E) -> R
  ) throws(E) -> R {
    let head =
      Minisign.plainAlgorithm + Self.noDerivation + Self.checksumAlgorithm
      + [UInt8](repeating: 0, count: Self.headSize - 6) + verifyingKey.keyID.bytes
    let bytes = SecretBytes(count: Self.size) { bytes in
      for offset in 0..<Self.size {
        let byte = offset < head.count ? head[offset] : 0
        bytes.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
      }
      var target = bytes._mutatingExtracting(head.count..<head.count + Ed25519.secretKeySize)
      secretKey.withBytes { target.copy(from: $0) }
    }
    let comment = Array("\(Minisign.untrustedPrefix)minisign unencrypted secret key\n".utf8)
    let line = bytes.withBytes { Base64.encodeSecret($0, padding: .required) }
    let text = SecretBytes(count: comment.count + line.count + 1) { text in
      var first = text._mutatingExtracting(0..<comment.count)
      comment.withBytes { first.copy(from: $0) }
      var second = text._mutatingExtracting(comment.count..<comment.count + line.count)
      line.withBytes { second.copy(from: $0) }
      text.storeBytes(
        of: UInt8(ascii: "\n"), toByteOffset: comment.count + line.count, as: UInt8.self)
    }
    return try text.withBytes(body)
  }

  /// Signs a message and a comment that whoever checks the message can believe.
  /// - Returns: the text of a `.minisig` file.
  /// - Throws: `unfitTrustedComment`.
  package func sign(
    _ message: RawSpan, trustedComment: String
  ) throws(SignatureError) -> String {
    let comment = Array(trustedComment.utf8)
    guard comment.count <= Minisign.longestTrustedComment, Minisign.isPrintable(comment) else {
      throw .unfitTrustedComment
    }
    let signature = sign(BLAKE2b.digest512(of: message))
    let text = SignatureText(
      keyID: verifyingKey.keyID, signature: signature, trustedComment: trustedComment,
      globalSignature: sign(signature + comment))
    return text.text
  }

  private func sign(_ bytes: [UInt8]) -> [UInt8] {
    bytes.withBytes { Ed25519.sign($0, with: secretKey) }
  }

  private static func secondLine(of text: RawSpan) throws(SignatureError) -> Range<Int> {
    let newline = UInt8(ascii: "\n")
    let prefix = Array(Minisign.untrustedPrefix.utf8)
    guard text.byteCount > prefix.count,
      prefix.indices.allSatisfy({ text[byteAt: $0] == prefix[$0] }),
      let first = (0..<text.byteCount).first(where: { text[byteAt: $0] == newline })
    else { throw .malformedSigningKey }
    let isEnded = text[byteAt: text.byteCount - 1] == newline
    guard first + 1 < text.byteCount else { throw .malformedSigningKey }
    return first + 1..<text.byteCount - (isEnded ? 1 : 0)
  }
}

extension SigningKey: CustomStringConvertible, CustomReflectable {
  package var description: String { "the signing key \(verifyingKey.keyID)" }
  package var customMirror: Mirror { Mirror(self, children: ["keyID": verifyingKey.keyID]) }
}
