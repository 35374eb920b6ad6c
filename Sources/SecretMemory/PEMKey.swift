internal import COpenSSL

/// A key that libcrypto read from PEM text, freed when its owner goes away.
@safe struct PEMKey: ~Copyable {
  let handle: OpaquePointer

  /// Keeps what libcrypto computes with of a private key in a heap that is locked and wiped; where
  /// the kernel grants none, libcrypto's ordinary memory is used.
  private static let isLocked: Bool = CRYPTO_secure_malloc_init(1 << 17, 16) > 0

  /// Reads a private key that has no passphrase; nil for anything else.
  init?(secret text: RawSpan) {
    _ = Self.isLocked
    // Whoever has a passphrase is not asked for it: libcrypto would take the terminal.
    unsafe self.init(text) { unsafe PEM_read_bio_PrivateKey($0, nil, { _, _, _, _ in -1 }, nil) }
  }

  /// Reads a public key (SubjectPublicKeyInfo); nil for anything else.
  init?(public text: RawSpan) {
    unsafe self.init(text) { unsafe PEM_read_bio_PUBKEY($0, nil, { _, _, _, _ in -1 }, nil) }
  }

  private init?(_ text: RawSpan, _ read: (OpaquePointer) -> OpaquePointer?) {
    let key: OpaquePointer? = unsafe text.withPointer { text, count in
      guard let count = Int32(exactly: count), let source = unsafe BIO_new_mem_buf(text, count)
      else { return nil }
      defer { unsafe BIO_free(source) }
      return unsafe read(source)
    }
    ERR_clear_error()
    guard let key = unsafe key else { return nil }
    unsafe handle = unsafe key
  }

  /// The public half; nil where this is no RSA key.
  var rsa: RSAPublicKey? {
    guard unsafe EVP_PKEY_is_a(handle, "RSA") == 1, let modulus = number("n"),
      let exponent = number("e")
    else { return nil }
    return RSAPublicKey(modulus: modulus, exponent: exponent)
  }

  /// A public number of the key, big-endian without leading zeros.
  private func number(_ name: String) -> [UInt8]? {
    var number: OpaquePointer?
    guard unsafe EVP_PKEY_get_bn_param(handle, name, &number) == 1, let number = unsafe number
    else { return nil }
    defer { unsafe BN_free(number) }
    var bytes = [UInt8](repeating: 0, count: (Int(unsafe BN_num_bits(number)) + 7) / 8)
    _ = unsafe BN_bn2bin(number, &bytes)
    return bytes
  }

  deinit { unsafe EVP_PKEY_free(handle) }
}
