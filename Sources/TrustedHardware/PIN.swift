package import SecretMemory
internal import Vocabulary

/// A PIN as a person types it, in locked memory, and what systemd makes of it for the TPM.
///
/// Source: systemd 252, `src/shared/tpm2-util.c`, `tpm2_make_primary` and after; 254,
/// `tpm2_util_pbkdf2_hmac_sha256`.
package struct PIN: ~Copyable {
  private static let iterations = 10_000

  private let text: SecretBytes

  /// Takes a PIN, without the line end that a file may have.
  ///
  /// - Throws: `OperatorError` `pin.empty`, `pin.untypable`.
  package init(_ text: borrowing SecretBytes) throws {
    self.text = text.withoutLineEnd()
    guard self.text.count > 0 else {
      throw OperatorError("pin.empty", .usage, "the PIN is empty")
    }
    let isTypable = self.text.withBytes { bytes in
      (0..<bytes.byteCount).allSatisfy { bytes[byteAt: $0] >= 0x20 && bytes[byteAt: $0] != 0x7f }
    }
    guard isTypable else {
      throw OperatorError(
        "pin.untypable", .usage,
        "the PIN has a control character or a second line, which nobody can type when it is asked for",
        hint: "a file with a PIN has one line; was it written elsewhere, with another line end?")
    }
  }

  /// What the TPM is shown: SHA-256 of the PIN, or of the Base64 of the PIN stretched with a salt.
  package func authorization(salt: [UInt8]?) -> AuthorizationValue {
    guard let salt else { return AuthorizationValue(digest) }
    let stretched = text.withBytes {
      PBKDF2.key(from: $0, salt: salt, iterations: Self.iterations, count: 32)
    }
    let typed = stretched.withBytes { Base64.encodeSecret($0, padding: .required) }
    return AuthorizationValue(typed.withBytes { SHA256Hasher.secretDigest(of: $0) })
  }

  /// Whether systemd 252, which does not leave out the zeros that a TPM leaves out, would fail.
  package var endsInZero: Bool { digest.withBytes { $0[byteAt: $0.byteCount - 1] == 0 } }

  private var digest: SecretBytes { text.withBytes { SHA256Hasher.secretDigest(of: $0) } }
}

extension SecretBytes {
  /// The same without the one line end that an editor or `echo` puts there.
  package borrowing func withoutLineEnd() -> SecretBytes {
    withBytes { bytes in
      var count = bytes.byteCount
      if count > 0, bytes[byteAt: count - 1] == UInt8(ascii: "\n") { count -= 1 }
      return SecretBytes(copying: bytes.extracting(0..<count))
    }
  }
}
