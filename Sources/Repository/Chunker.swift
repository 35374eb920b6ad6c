package import SecretMemory

/// How large the chunks of a kind of content are, in bytes.
package struct ChunkSizes: Sendable {
  package let minimum: Int
  package let average: Int
  package let maximum: Int

  /// For dumps and lists, where a night's changes are scattered.
  package static let fine = ChunkSizes(
    minimum: 2 * 1024, average: 8 * 1024, maximum: 64 * 1024)

  /// For files that are long.
  package static let coarse = ChunkSizes(
    minimum: 256 * 1024, average: 1024 * 1024, maximum: 4 * 1024 * 1024)

  /// For files that are not: most change as a whole or not at all, and one chunk is hashed once.
  package static let whole = ChunkSizes(
    minimum: coarse.maximum, average: coarse.maximum, maximum: coarse.maximum)

  /// For a file of a size in bytes.
  package static func forFile(of size: Int64) -> ChunkSizes {
    size <= whole.maximum ? whole : coarse
  }
}

/// The secret table of the rolling hash: 256 words that depend on the compartment's key.
package struct GearTable: Sendable {
  let words: [UInt64]

  /// Derives the table: word *i* is the first eight bytes of the keyed hash of `coffer gear` ‖ *i*.
  package init(_ keyedHash: KeyedHash) {
    words = (0...255).map { byte in
      let hash = (Array("coffer gear".utf8) + [UInt8(byte)]).withBytes { keyedHash.hash($0) }
      return (0..<8).reduce(0) { $0 << 8 | UInt64(hash[$1]) }
    }
  }
}

/// A run of whole chunks of one content, one after the other.
struct ChunkBlock: Sendable {
  let bytes: [UInt8]
  /// Where each chunk ends; the last one ends the block.
  let ends: [Int]

  /// Lends each chunk.
  func eachChunk(_ take: (Int, RawSpan) throws -> Void) rethrows {
    try bytes.withBytes { bytes in
      var start = 0
      for (number, end) in ends.enumerated() {
        try take(number, bytes.extracting(start..<end))
        start = end
      }
    }
  }
}

/// Cuts content where the content itself says, so that an insertion moves no later boundary.
///
/// A gear hash with normalised cutting (Xia et al., FastCDC): before the average length a cut needs
/// two more zero bits than after it, which keeps lengths near the average. Every byte is looked at
/// once, and copied at most once, but for the beginning of a chunk that a block leaves to the next one.
struct Chunker: ~Copyable {
  /// Blocks are handed on once they hold this much.
  static let blockSize = 1 << 20

  private let sizes: ChunkSizes
  private let gear: [UInt64]
  private let strictMask: UInt64
  private let looseMask: UInt64
  private var buffer: [UInt8] = []
  private var ends: [Int] = []
  /// Where the chunk that is looked at began, how far it was looked at, and the hash there.
  private var start = 0
  private var position = 0
  private var hash: UInt64 = 0

  /// Prepares to cut one content; use a new chunker for the next.
  init(_ sizes: ChunkSizes, gear: GearTable) {
    self.sizes = sizes
    self.gear = gear.words
    let bits = sizes.average.trailingZeroBitCount
    // The top bits of a gear hash depend on the last 64 bytes; the bottom ones on fewer.
    strictMask = ~0 << UInt64(64 - bits - 2)
    looseMask = ~0 << UInt64(64 - bits + 2)
  }

  /// Takes more content.
  ///
  /// - Returns: the whole chunks so far, where they are worth to be handed on.
  mutating func feed(_ bytes: RawSpan) -> ChunkBlock? {
    if buffer.isEmpty { buffer.reserveCapacity(Self.room(sizes)) }
    buffer.append(bytes)
    return cut()
  }

  /// Takes more content, which is not copied where nothing waits before it.
  ///
  /// - Returns: as the other.
  mutating func feed(_ bytes: consuming [UInt8]) -> ChunkBlock? {
    if buffer.isEmpty { buffer = bytes } else { buffer.append(contentsOf: bytes) }
    return cut()
  }

  private mutating func cut() -> ChunkBlock? {
    scan()
    guard let end = ends.last, end >= Self.blockSize else { return nil }
    return takeBlock(upTo: end)
  }

  /// Ends the content.
  ///
  /// - Returns: the last chunks; none where the content was empty, or ended with the block before.
  consuming func finish() -> ChunkBlock {
    if start < buffer.count { ends.append(buffer.count) }
    return ChunkBlock(bytes: buffer, ends: ends)
  }

  /// Enough for most blocks; a few grow.
  private static func room(_ sizes: ChunkSizes) -> Int { blockSize + 2 * sizes.average }

  private mutating func takeBlock(upTo end: Int) -> ChunkBlock {
    var rest: [UInt8] = []
    if end < buffer.count {
      rest.reserveCapacity(max(buffer.count - end, Self.room(sizes)))
      rest.append(contentsOf: buffer[end...])
      buffer.removeLast(buffer.count - end)
    }
    let block = ChunkBlock(bytes: buffer, ends: ends)
    (buffer, ends) = (rest, [])
    position -= end
    start = 0
    return block
  }

  private mutating func scan() {
    while position < buffer.count {
      // A chunk's first bytes are not hashed: no chunk ends there.
      let first = min(start + sizes.minimum, buffer.count)
      position = max(position, first)
      let normal = min(start + sizes.average, buffer.count)
      let last = min(start + sizes.maximum, buffer.count)
      guard
        scan(to: normal, strictMask) || scan(to: last, looseMask) || last == start + sizes.maximum
      else { return }
      ends.append(position)
      start = position
      hash = 0
    }
  }

  /// Moves on to a boundary, and says whether there is one before `end`.
  private mutating func scan(to end: Int, _ mask: UInt64) -> Bool {
    guard position < end else { return false }
    var (position, hash) = (position, hash)
    let found = unsafe buffer.withUnsafeBufferPointer { bytes in
      unsafe gear.withUnsafeBufferPointer { gear in
        unsafe Self.scan(bytes, &position, &hash, to: end, mask, gear)
      }
    }
    (self.position, self.hash) = (position, hash)
    return found
  }

  /// Two bytes a step: what the hash needs of both is added up while the step before is under way.
  @inline(__always)
  private static func scan(
    _ bytes: UnsafeBufferPointer<UInt8>, _ position: inout Int, _ hash: inout UInt64, to end: Int,
    _ mask: UInt64, _ gear: UnsafeBufferPointer<UInt64>
  ) -> Bool {
    var (at, rolling) = (position, hash)
    defer { (position, hash) = (at, rolling) }
    while at + 1 < end {
      let one = unsafe gear[Int(bytes[at])]
      let two = unsafe (one << 1) &+ gear[Int(bytes[at + 1])]
      let between = (rolling << 1) &+ one
      rolling = (rolling << 2) &+ two
      if between & mask == 0 {
        at += 1
        return true
      }
      at += 2
      if rolling & mask == 0 { return true }
    }
    if at < end {
      rolling = unsafe (rolling << 1) &+ gear[Int(bytes[at])]
      at += 1
      return rolling & mask == 0
    }
    return false
  }
}
