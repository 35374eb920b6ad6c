internal import COpenSSL
package import Vocabulary

/// SHA-256 of bytes that come piece by piece.
@safe package struct SHA256Hasher: ~Copyable {
  // Fetched once: looking an algorithm up by name takes locks in libcrypto, each time.
  nonisolated(unsafe) private static let algorithm = unsafe EVP_MD_fetch(nil, "SHA256", nil)

  private let context: OpaquePointer

  /// Starts with nothing hashed.
  package init() {
    guard let context = unsafe EVP_MD_CTX_new() else { fatalError("no memory left to hash") }
    unsafe self.context = unsafe context
    let started = unsafe EVP_DigestInit_ex2(context, Self.algorithm, nil)
    precondition(started == 1, "libcrypto refused SHA-256")
  }

  /// Adds bytes to what is hashed.
  package mutating func update(_ bytes: RawSpan) {
    let taken = unsafe bytes.withPointer { unsafe EVP_DigestUpdate(context, $0, $1) }
    precondition(taken == 1, "libcrypto refused bytes to hash")
  }

  /// Ends the hash; the hasher is gone with it.
  package consuming func finish() -> SHA256Digest {
    var bytes = [UInt8](repeating: 0, count: 32)
    let finished = unsafe EVP_DigestFinal_ex(context, &bytes, nil)
    precondition(finished == 1, "libcrypto refused to end a hash")
    guard let digest = SHA256Digest(bytes: bytes) else { fatalError("SHA-256 is 32 bytes") }
    return digest
  }

  /// The digest of bytes that are all there.
  package static func digest(of bytes: RawSpan) -> SHA256Digest {
    var hasher = SHA256Hasher()
    hasher.update(bytes)
    return hasher.finish()
  }

  /// The digest of an array.
  package static func digest(of bytes: [UInt8]) -> SHA256Digest {
    bytes.withBytes { digest(of: $0) }
  }

  /// The digest of what is secret and so is its digest: 32 bytes.
  package static func secretDigest(of bytes: RawSpan) -> SecretBytes {
    SecretBytes(count: 32) { digest in
      unsafe digest.withPointer { digest, _ in
        unsafe bytes.withPointer { bytes, count in
          let made = unsafe EVP_Digest(bytes, count, digest, nil, algorithm, nil)
          precondition(made == 1, "libcrypto refused SHA-256")
        }
      }
    }
  }

  deinit { unsafe EVP_MD_CTX_free(context) }
}
