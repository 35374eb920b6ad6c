package import SecretMemory
package import Vocabulary

/// The name of a chunk: BLAKE2b-256 of the SHA-256 of its bytes, keyed with its compartment's chunk-id key.
///
/// SHA-256, which processors know, is the one hash that sees all bytes; what is one chunk is hashed once
/// for its name and for the digest of its content. The key makes a name that says nothing without it.
///
/// 32 bytes, kept as four words so that hashing and comparing allocate nothing.
package struct ChunkID: Sendable, Hashable {
  /// The length of an id in bytes.
  package static let byteCount = 32

  private let words: (UInt64, UInt64, UInt64, UInt64)

  /// Takes the 32 bytes at `offset`; the caller has checked that they are there.
  package init(_ bytes: RawSpan, at offset: Int = 0) {
    precondition(offset >= 0 && bytes.byteCount - offset >= Self.byteCount)
    words = unsafe bytes.withUnsafeBytes { raw in
      unsafe (
        raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self),
        raw.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self),
        raw.loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self),
        raw.loadUnaligned(fromByteOffset: offset + 24, as: UInt64.self)
      )
    }
  }

  /// Names some bytes.
  package init(of bytes: RawSpan, under key: KeyedHash) {
    self.init(ofBytesWith: SHA256Hasher.digest(of: bytes), under: key)
  }

  /// Names bytes whose SHA-256 is known.
  package init(ofBytesWith digest: SHA256Digest, under key: KeyedHash) {
    self = digest.bytes.withBytes { key.hash($0).withBytes { ChunkID($0) } }
  }

  /// Whether this is the name of some bytes, whose SHA-256 is `digest`; older stores have chunks that are named by the keyed hash of
  /// their bytes themselves.
  func names(_ bytes: RawSpan, with digest: SHA256Digest, under key: KeyedHash) -> Bool {
    ChunkID(ofBytesWith: digest, under: key) == self
      || key.hash(bytes).withBytes { ChunkID($0) } == self
  }

  /// Reads 64 hexadecimal digits; nil for anything else.
  package init?(hex: some StringProtocol) {
    guard let bytes = Hexadecimal.decode(hex), bytes.count == Self.byteCount else { return nil }
    self = bytes.withBytes { ChunkID($0) }
  }

  /// The 32 bytes.
  package var bytes: [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(Self.byteCount)
    append(to: &result)
    return result
  }

  /// Appends the 32 bytes to a buffer.
  package func append(to buffer: inout [UInt8]) {
    unsafe withUnsafeBytes(of: words) { unsafe buffer.append(contentsOf: $0) }
  }

  /// The 64 hexadecimal digits.
  package var hex: String { Hexadecimal.encode(bytes) }

  /// The first 128 bits, as two numbers: enough to tell chunks of one host apart.
  package struct Half: Sendable, Hashable, Comparable {
    package let high: UInt64
    package let low: UInt64

    package static func < (left: Self, right: Self) -> Bool {
      (left.high, left.low) < (right.high, right.low)
    }

    package func hash(into hasher: inout Hasher) {
      hasher.combine(high)
    }
  }

  /// The first half of the id.
  package var half: Half { Half(high: words.0, low: words.1) }

  /// A byte that is as random as the hash, for cutting lists of ids where their content says.
  var lotteryByte: UInt8 { UInt8(truncatingIfNeeded: words.3) }

  package static func == (left: ChunkID, right: ChunkID) -> Bool { left.words == right.words }

  package func hash(into hasher: inout Hasher) {
    // The id is a hash already: eight bytes of it are enough.
    hasher.combine(words.0)
  }
}

extension ChunkID: CustomStringConvertible {
  package var description: String { hex }
}
