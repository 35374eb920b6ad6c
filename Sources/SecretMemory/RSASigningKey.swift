internal import COpenSSL
internal import Vocabulary

/// An RSA key that signs policies of TPMs: RSASSA-PKCS1-v1_5 with SHA-256, RFC 8017 section 8.2.
///
/// One task owns it. Its secret numbers lie in libcrypto's locked heap, where there is one.
package struct RSASigningKey: ~Copyable {
  private let key: PEMKey

  /// The public half.
  package let publicKey: RSAPublicKey

  /// Reads PEM text, PKCS#8 or PKCS#1, without a passphrase.
  ///
  /// - Parameters:
  ///   - pem: the text, which libcrypto reads where it lies.
  ///   - source: what it was read from, for the error.
  /// - Throws: `OperatorError` `policy-key.unusable`.
  package init(pem: borrowing SecretBytes, of source: String) throws {
    guard let key = pem.withBytes({ PEMKey(secret: $0) }), let publicKey = key.rsa else {
      throw OperatorError(
        "policy-key.unusable", .usage,
        "\(source) is no RSA private key in PEM, or has a passphrase",
        hint: "'openssl pkey -in KEY' takes the passphrase off; pipe it in: --key -")
    }
    self.publicKey = try publicKey.usable(in: source)
    self.key = key
  }

  /// Signs a message.
  ///
  /// - Returns: as many bytes as the modulus has; the same for the same message.
  package func sign(_ message: [UInt8]) -> [UInt8] {
    guard let context = unsafe EVP_MD_CTX_new() else { fatalError("no memory left to sign") }
    defer { unsafe EVP_MD_CTX_free(context) }
    var signature = [UInt8](repeating: 0, count: publicKey.modulus.count)
    var size = signature.count
    let started = unsafe EVP_DigestSignInit_ex(
      context, nil, "SHA256", nil, nil, key.handle, nil)
    let signed = unsafe EVP_DigestSign(context, &signature, &size, message, message.count)
    precondition(
      started == 1 && signed == 1 && size == signature.count, "libcrypto refused to sign")
    return signature
  }
}
