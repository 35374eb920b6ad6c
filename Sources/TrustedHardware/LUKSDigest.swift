internal import SecretMemory
package import Vocabulary

/// What proves that a key is the one that was meant, without giving it away.
///
/// Source: LUKS2 On-Disk Format Specification 1.1.3, section 3.4.
package struct LUKSDigest: Sendable {
  /// Its number, 0 to 31.
  package let number: Int
  /// `pbkdf2`; no other is specified.
  package let type: String
  /// The keyslots that hold the key, by number.
  package let keyslots: [Int]
  /// The segments of data under the key, by number; none for a key that is not the volume's.
  package let segments: [Int]
  /// The hash of PBKDF2.
  package let hash: String
  /// The iterations of PBKDF2.
  package let iterations: Int
  /// The salt, in base64 as it is written.
  package let salt: String
  /// What PBKDF2 makes of the key, in base64 as it is written.
  package let digest: String

  /// SHA-256 of `salt LF digest LF hash LF iterations LF`, salt and digest in base64 as written.
  ///
  /// Salts are random: two digests with the same fingerprint are the same one, and so are their keys.
  /// Two digests of one key made at different times differ.
  package var fingerprint: SHA256Digest {
    SHA256Hasher.digest(of: Array("\(salt)\n\(digest)\n\(hash)\n\(iterations)\n".utf8))
  }

  init(number: Int, _ written: Written) {
    self.number = number
    (type, hash, iterations) = (written.type, written.hash, written.iterations)
    (salt, digest) = (written.salt, written.digest)
    keyslots = written.keyslots.compactMap { Int($0) }.sorted()
    segments = written.segments.compactMap { Int($0) }.sorted()
  }

  /// A digest as it is written.
  struct Written: Decodable {
    let type: String
    let keyslots: [String]
    let segments: [String]
    let hash: String
    let iterations: Int
    let salt: String
    let digest: String
  }
}
