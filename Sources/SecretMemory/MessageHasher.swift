internal import COpenSSL

/// A hash that TPMs and firmware measure with; all but SHA-256 for nothing else.
package enum HashFunction: String, Sendable, CaseIterable {
  case sha1, sha256, sha384, sha512

  /// The digest of bytes that are all there.
  package func digest(of bytes: [UInt8]) -> [UInt8] {
    var hasher = MessageHasher(self)
    bytes.withBytes { hasher.update($0) }
    return hasher.finish()
  }

  // Fetched once: looking an algorithm up by name takes locks in libcrypto, each time.
  nonisolated(unsafe) private static let algorithms = unsafe allCases.map {
    unsafe EVP_MD_fetch(nil, $0.rawValue.uppercased(), nil)
  }

  fileprivate var algorithm: OpaquePointer? {
    switch self {
    case .sha1: unsafe Self.algorithms[0]
    case .sha256: unsafe Self.algorithms[1]
    case .sha384: unsafe Self.algorithms[2]
    case .sha512: unsafe Self.algorithms[3]
    }
  }
}

/// One of those hashes, of bytes that come piece by piece.
@safe package struct MessageHasher: ~Copyable {
  private let context: OpaquePointer

  /// Starts with nothing hashed.
  package init(_ function: HashFunction) {
    guard let context = unsafe EVP_MD_CTX_new() else { fatalError("no memory left to hash") }
    unsafe self.context = unsafe context
    let started = unsafe EVP_DigestInit_ex2(context, function.algorithm, nil)
    precondition(started == 1, "libcrypto refused a hash")
  }

  /// Adds bytes to what is hashed.
  package mutating func update(_ bytes: RawSpan) {
    let taken = unsafe bytes.withPointer { unsafe EVP_DigestUpdate(context, $0, $1) }
    precondition(taken == 1, "libcrypto refused bytes to hash")
  }

  /// Ends the hash; the hasher is gone with it.
  ///
  /// - Returns: 20, 32, 48 or 64 bytes.
  package consuming func finish() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var size: UInt32 = 0
    let finished = unsafe EVP_DigestFinal_ex(context, &bytes, &size)
    precondition(finished == 1, "libcrypto refused to end a hash")
    return Array(bytes.prefix(Int(size)))
  }

  deinit { unsafe EVP_MD_CTX_free(context) }
}
