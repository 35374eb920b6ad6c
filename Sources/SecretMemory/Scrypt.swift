internal import CSodium

/// scrypt, RFC 7914: a key made of a passphrase, at a price that whoever guesses pays, too.
package enum Scrypt {
  /// Derives a key.
  ///
  /// - Parameters:
  ///   - passphrase: of any size.
  ///   - salt: of any size.
  ///   - workFactor: log2 of the cost N; 18 takes about a second and 256 MiB.
  ///   - blockSize: r.
  ///   - parallelism: p.
  ///   - count: how many bytes the key has.
  /// - Returns: the key; nil where there is not memory enough.
  package static func derive(
    passphrase: RawSpan, salt: [UInt8], workFactor: Int, blockSize: UInt32 = 8,
    parallelism: UInt32 = 1, count: Int
  ) -> SecretBytes? {
    Sodium.start()
    var isDone = false
    let key = SecretBytes(count: count) { key in
      isDone = unsafe key.withPointer { key, keySize in
        unsafe passphrase.withPointer { passphrase, size in
          unsafe crypto_pwhash_scryptsalsa208sha256_ll(
            passphrase, size, salt, salt.count, 1 << UInt64(workFactor), blockSize, parallelism,
            key, keySize) == 0
        }
      }
    }
    guard isDone else { return nil }
    return consume key
  }
}
