package import Vocabulary

/// The public half of an RSA key.
package struct RSAPublicKey: Sendable, Equatable {
  /// The modulus, big-endian, without leading zeros.
  package let modulus: [UInt8]
  /// The public exponent, big-endian, without leading zeros.
  package let exponent: [UInt8]

  /// The size of the modulus in bits.
  package var bits: Int {
    modulus.count * 8 - (modulus.first?.leadingZeroBitCount ?? 0)
  }

  init(modulus: [UInt8], exponent: [UInt8]) {
    self.modulus = modulus
    self.exponent = exponent
  }

  /// Reads PEM text, `-----BEGIN PUBLIC KEY-----`.
  ///
  /// - Parameters:
  ///   - pem: a SubjectPublicKeyInfo, RFC 7468 section 13.
  ///   - source: what it is read from, for the error.
  /// - Throws: `OperatorError` `policy-key.unusable`: no RSA key, or one that TPMs and systemd do
  ///   not take.
  package init(pem: [UInt8], of source: String) throws {
    let key = pem.withBytes { PEMKey(public: $0)?.rsa }
    guard let key else {
      throw OperatorError("policy-key.unusable", .usage, "\(source) is no RSA public key in PEM")
    }
    self = try key.usable(in: source)
  }

  /// The key, where a TPM takes it for a signed policy: 2048, 3072 or 4096 bits, exponent 65537.
  ///
  /// systemd names the key to the TPM with that exponent whatever the key has.
  func usable(in source: String) throws -> RSAPublicKey {
    guard [2048, 3072, 4096].contains(bits), exponent == [1, 0, 1] else {
      throw OperatorError(
        "policy-key.unusable", .usage,
        "the RSA key in \(source) has \(bits) bits and exponent 0x\(Hexadecimal.encode(exponent))",
        hint: "TPMs take 2048 bits and exponent 65537: 'openssl genpkey -algorithm RSA'")
    }
    return self
  }

  /// The key as PKCS#1 has it, in DER: RSAPublicKey, RFC 8017 appendix A.1.1.
  package var pkcs1: [UInt8] {
    Self.element(0x30, Self.integer(modulus) + Self.integer(exponent))
  }

  /// systemd's name for the key: the SHA-256 of `pkcs1`.
  package var fingerprint: SHA256Digest { SHA256Hasher.digest(of: pkcs1) }

  private static func integer(_ bytes: [UInt8]) -> [UInt8] {
    // A first bit that is set would say: negative.
    element(0x02, (bytes.first ?? 0x80) >= 0x80 ? [0] + bytes : bytes)
  }

  /// Tag, length in the shortest form, content; X.690 section 10.1.
  private static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
    guard content.count >= 0x80 else { return [tag, UInt8(content.count)] + content }
    var length: [UInt8] = []
    var rest = content.count
    while rest > 0 {
      length.insert(UInt8(rest & 0xff), at: 0)
      rest >>= 8
    }
    return [tag, 0x80 | UInt8(length.count)] + length + content
  }
}
