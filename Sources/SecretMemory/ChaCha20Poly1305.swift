internal import COpenSSL

/// ChaCha20-Poly1305, RFC 8439, under one key.
///
/// No call allocates. One thread at a time; each worker has its own. libcrypto keeps the expanded key
/// in ordinary memory for as long as this lives, and wipes it after that: keep it short.
@safe package struct ChaCha20Poly1305: ~Copyable {
  /// What a seal adds to its plaintext.
  package static let tagSize = 16
  /// How many bytes the key has.
  package static let keySize = 32

  // Fetched once: looking an algorithm up by name takes locks in libcrypto, each time.
  nonisolated(unsafe) private static let algorithm =
    unsafe EVP_CIPHER_fetch(nil, "ChaCha20-Poly1305", nil)

  private let context: OpaquePointer

  /// Takes a 32-byte key.
  package init(key: borrowing SecretBytes) {
    precondition(key.count == Self.keySize, "a ChaCha20-Poly1305 key is 32 bytes")
    guard let context = unsafe EVP_CIPHER_CTX_new() else { fatalError("no memory left to seal") }
    unsafe self.context = unsafe context
    let started = key.withBytes { key in
      unsafe key.withPointer { key, _ in
        unsafe EVP_CipherInit_ex2(context, Self.algorithm, key, nil, 1, nil)
      }
    }
    precondition(started == 1, "libcrypto refused ChaCha20-Poly1305")
  }

  /// Writes ciphertext and tag: `sealed` must be 16 bytes longer than `plaintext`.
  ///
  /// - Parameters:
  ///   - plaintext: what is sealed.
  ///   - nonce: used once under a key.
  ///   - associated: what is not sealed, and authenticated all the same.
  ///   - sealed: takes ciphertext and tag.
  package mutating func seal(
    _ plaintext: RawSpan, nonce: InlineArray<12, UInt8>, with associated: RawSpan = RawSpan(),
    into sealed: inout MutableRawSpan
  ) {
    precondition(sealed.byteCount == plaintext.byteCount + Self.tagSize, "sealing adds 16 bytes")
    start(nonce: nonce, sealing: true)
    authenticate(associated)
    unsafe sealed.withPointer { output, _ in
      let size = unsafe transform(plaintext, into: output)
      var written: Int32 = 0
      let finished = unsafe EVP_CipherFinal_ex(context, output + size, &written)
      let tagged = unsafe EVP_CIPHER_CTX_ctrl(
        context, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagSize), output + size)
      precondition(finished == 1 && written == 0 && tagged == 1, "libcrypto refused to seal")
    }
  }

  /// Writes the plaintext: `plaintext` must be 16 bytes shorter than `sealed`.
  ///
  /// - Parameters:
  ///   - sealed: ciphertext and tag.
  ///   - nonce: with which it was sealed.
  ///   - associated: what was given when it was sealed.
  ///   - plaintext: takes what was sealed.
  /// - Returns: false where the tag does not fit; then `plaintext` holds zeros.
  package mutating func open(
    _ sealed: RawSpan, nonce: InlineArray<12, UInt8>, with associated: RawSpan = RawSpan(),
    into plaintext: inout MutableRawSpan
  ) -> Bool {
    guard sealed.byteCount >= Self.tagSize else { return false }
    let size = sealed.byteCount - Self.tagSize
    precondition(plaintext.byteCount == size, "opening takes 16 bytes off")
    start(nonce: nonce, sealing: false)
    authenticate(associated)
    return unsafe plaintext.withPointer { output, _ in
      let tagged = unsafe sealed.withPointer { input, _ in
        // The parameter is not const in libcrypto, which only reads the tag.
        unsafe EVP_CIPHER_CTX_ctrl(
          context, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagSize),
          UnsafeMutablePointer(mutating: input + size))
      }
      precondition(tagged == 1, "libcrypto refused a tag")
      _ = unsafe transform(sealed.extracting(0..<size), into: output)
      var written: Int32 = 0
      let fits = unsafe EVP_CipherFinal_ex(context, output + size, &written) == 1
      if !fits { unsafe OPENSSL_cleanse(output, size) }
      return fits
    }
  }

  private func start(nonce: InlineArray<12, UInt8>, sealing: Bool) {
    let started = unsafe nonce.span.bytes.withPointer { nonce, _ in
      unsafe EVP_CipherInit_ex2(context, nil, nil, nonce, sealing ? 1 : 0, nil)
    }
    precondition(started == 1, "libcrypto refused a nonce")
  }

  private func authenticate(_ associated: RawSpan) {
    guard associated.byteCount > 0 else { return }
    var taken: Int32 = 0
    let done = unsafe associated.withPointer { input, count in
      unsafe EVP_CipherUpdate(context, nil, &taken, input, Int32(count))
    }
    precondition(done == 1 && Int(taken) == associated.byteCount, "libcrypto refused a header")
  }

  private func transform(_ input: RawSpan, into output: UnsafeMutablePointer<UInt8>) -> Int {
    guard input.byteCount > 0 else { return 0 }
    var written: Int32 = 0
    let done = unsafe input.withPointer { input, count in
      unsafe EVP_CipherUpdate(context, output, &written, input, Int32(count))
    }
    precondition(done == 1 && Int(written) == input.byteCount, "libcrypto refused bytes")
    return input.byteCount
  }

  deinit { unsafe EVP_CIPHER_CTX_free(context) }
}
