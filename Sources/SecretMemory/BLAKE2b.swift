internal import CSodium

/// BLAKE2b without a key, RFC 7693: what minisign hashes with, and rows of a database are.
package enum BLAKE2b {
  /// The 64-byte digest.
  package static func digest512(of bytes: RawSpan) -> [UInt8] {
    Sodium.start()
    return [UInt8](count: 64) { digest in
      unsafe digest.withPointer { output, size in
        unsafe bytes.withPointer { input, count in
          _ = unsafe crypto_generichash(output, size, input, UInt64(count), nil, 0)
        }
      }
    }
  }

  /// Writes the 32-byte digest to bytes the caller owns; allocates nothing.
  package static func digest256(of bytes: RawSpan, into digest: inout MutableRawSpan) {
    precondition(digest.byteCount == 32, "a 256-bit digest is 32 bytes")
    Sodium.start()
    unsafe digest.withPointer { output, size in
      unsafe bytes.withPointer { input, count in
        _ = unsafe crypto_generichash(output, size, input, UInt64(count), nil, 0)
      }
    }
  }
}
