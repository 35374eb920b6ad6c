package import SecretMemory

/// What a TPM wants to be shown before it gives a secret: at most 32 bytes, made of a PIN; or nothing.
package struct AuthorizationValue: ~Copyable {
  let bytes: SecretBytes

  /// Whether there is none.
  package var isEmpty: Bool { bytes.count == 0 }

  /// None.
  package init() {
    bytes = SecretBytes(count: 0) { _ in }
  }

  /// Takes up to 32 bytes, without the zeros at their end, which a TPM does not count.
  ///
  /// Source: TPM 2.0 Library Specification 1.59, part 1, section 19.6.4.3.
  package init(_ value: borrowing SecretBytes) {
    precondition(value.count <= 32, "an authorization value is no longer than SHA-256")
    bytes = value.withBytes { value in
      var count = value.byteCount
      while count > 0, value[byteAt: count - 1] == 0 { count -= 1 }
      return SecretBytes(copying: value.extracting(0..<count))
    }
  }
}
