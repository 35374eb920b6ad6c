internal import SecretMemory

/// The four lines of a `.minisig` file.
struct SignatureText {
  let keyID: KeyID
  /// Ed25519 over the hash of the message, 64 bytes.
  let signature: [UInt8]
  let trustedComment: String
  /// Ed25519 over the signature and the trusted comment, 64 bytes.
  let globalSignature: [UInt8]

  init(keyID: KeyID, signature: [UInt8], trustedComment: String, globalSignature: [UInt8]) {
    self.keyID = keyID
    self.signature = signature
    self.trustedComment = trustedComment
    self.globalSignature = globalSignature
  }

  /// Reads the lines; that they fit together and to a key is for the key to say.
  init(parsing text: String) throws(SignatureError) {
    let lines = Minisign.lines(text)
    guard lines.count == 4 else { throw .malformedSignature(line: min(lines.count, 4) + 1) }
    let comment = Minisign.comment(
      lines[0], after: Minisign.untrustedPrefix, atMost: Minisign.longestUntrustedLine)
    guard comment != nil else { throw .malformedSignature(line: 1) }

    let headSize = 2 + KeyID.size
    guard let bytes = Base64.decode(Array(lines[1]), padding: .required),
      bytes.count == headSize + Ed25519.signatureSize
    else { throw .malformedSignature(line: 2) }
    guard !bytes.starts(with: Minisign.plainAlgorithm) else { throw .legacyAlgorithm }
    guard bytes.starts(with: Minisign.hashedAlgorithm) else { throw .malformedSignature(line: 2) }
    keyID = KeyID(bytes: bytes[2..<headSize])
    signature = Array(bytes[headSize...])

    let trusted = Minisign.comment(
      lines[2], after: Minisign.trustedPrefix,
      atMost: Minisign.trustedPrefix.utf8.count + Minisign.longestTrustedComment)
    guard let trusted else { throw .malformedSignature(line: 3) }
    trustedComment = trusted

    guard let global = Base64.decode(Array(lines[3]), padding: .required),
      global.count == Ed25519.signatureSize
    else { throw .malformedSignature(line: 4) }
    globalSignature = global
  }

  /// The lines as minisign writes them.
  var text: String {
    let bytes = Minisign.hashedAlgorithm + keyID.bytes + signature
    return """
      \(Minisign.untrustedPrefix)signature from minisign secret key \(keyID)
      \(Base64.encode(bytes, padding: .required))
      \(Minisign.trustedPrefix)\(trustedComment)
      \(Base64.encode(globalSignature, padding: .required))

      """
  }
}
