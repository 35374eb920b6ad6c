internal import SecretMemory
internal import Vocabulary

/// The name that a TPM has for an RSA public key which systemd loads to check a signed policy.
///
/// Source: TPM 2.0 Library Specification 1.59, part 1, section 16 (names), part 2, section 12.2.4
/// (TPMT_PUBLIC); systemd, `src/shared/tpm2-util.c`, `openssl_pubkey_to_tpm2_pubkey`.
package struct RSAKeyName: Sendable, Equatable {
  /// The name: TPM_ALG_SHA256 and the SHA-256 of the public area; 34 bytes.
  package let bytes: [UInt8]

  /// Names a key.
  ///
  /// - Parameter modulus: big-endian, without leading zeros; 128 to 512 bytes.
  package init(modulus: [UInt8]) {
    let area: [UInt8] =
      [0x00, 0x01]  // TPM_ALG_RSA
      + [0x00, 0x0b]  // nameAlg: TPM_ALG_SHA256
      + [0x00, 0x06, 0x00, 0x40]  // decrypt, sign, userWithAuth
      + [0x00, 0x00]  // no policy
      + [0x00, 0x10, 0x00, 0x10]  // neither a symmetric algorithm nor a scheme
      + Self.word(modulus.count * 8)
      + [0x00, 0x01, 0x00, 0x01]  // exponent 65537, said and not left to the default
      + Self.word(modulus.count) + modulus
    bytes = [0x00, 0x0b] + SHA256Hasher.digest(of: area).bytes
  }

  private static func word(_ number: Int) -> [UInt8] {
    [UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)]
  }
}
