internal import CSodium

/// BLAKE2b-256 under a 32-byte key: names that say nothing to those without the key.
///
/// The key stays in locked memory. A hash allocates nothing but its result, and threads may share
/// one `KeyedHash`.
package final class KeyedHash: Sendable {
  /// How many bytes a hash has.
  package static let size = 32
  /// How many bytes the key has.
  package static let keySize = 32

  private let key: SecretBytes

  /// Takes its own locked copy of a 32-byte key.
  package init(key: borrowing SecretBytes) {
    precondition(key.count == Self.keySize, "a chunk-id key is 32 bytes")
    self.key = key.withBytes { SecretBytes(copying: $0) }
  }

  /// The 32-byte hash of some bytes.
  package func hash(_ bytes: RawSpan) -> [UInt8] {
    [UInt8](count: Self.size) { hash(bytes, into: &$0) }
  }

  /// Writes the hash to 32 bytes the caller owns; allocates nothing.
  package func hash(_ bytes: RawSpan, into hash: inout MutableRawSpan) {
    precondition(hash.byteCount == Self.size, "a keyed hash is 32 bytes")
    key.withBytes { key in
      unsafe hash.withPointer { output, size in
        unsafe bytes.withPointer { input, count in
          unsafe key.withPointer { key, keySize in
            _ = unsafe crypto_generichash(output, size, input, UInt64(count), key, keySize)
          }
        }
      }
    }
  }
}
