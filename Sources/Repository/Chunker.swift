package import SecretMemory

/// How large the chunks of a kind of content are, in bytes.
package struct ChunkSizes: Sendable {
  package let minimum: Int
  package let average: Int
  package let maximum: Int

  /// For dumps and lists, where a night's changes are scattered.
  package static let fine = ChunkSizes(
    minimum: 2 * 1024, average: 8 * 1024, maximum: 64 * 1024)

  /// For files, which change as a whole or not at all.
  package static let coarse = ChunkSizes(
    minimum: 256 * 1024, average: 1024 * 1024, maximum: 4 * 1024 * 1024)
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

/// Cuts content where the content itself says, so that an insertion moves no later boundary.
///
/// A gear hash with normalised cutting (Xia et al., FastCDC): before the average length a cut needs
/// two more zero bits than after it, which keeps lengths near the average.
package struct Chunker: ~Copyable {
  private let sizes: ChunkSizes
  private let gear: [UInt64]
  private let strictMask: UInt64
  private let looseMask: UInt64
  /// Bytes of chunks that are not whole yet; grows to twice the greatest chunk, and for small
  /// content only to that content's size.
  private var buffer: [UInt8] = []

  /// Prepares to cut one content; use a new chunker for the next.
  package init(_ sizes: ChunkSizes, gear: GearTable) {
    self.sizes = sizes
    self.gear = gear.words
    let bits = sizes.average.trailingZeroBitCount
    // The top bits of a gear hash depend on the last 64 bytes; the bottom ones on fewer.
    strictMask = ~0 << UInt64(64 - bits - 2)
    looseMask = ~0 << UInt64(64 - bits + 2)
  }

  /// Takes more content, and lends each whole chunk to `emit`.
  package mutating func feed(
    _ bytes: RawSpan, emit: (RawSpan) throws -> Void
  ) throws {
    var rest = bytes
    while rest.byteCount > 0 {
      let count = min(2 * sizes.maximum - buffer.count, rest.byteCount)
      buffer.append(rest.extracting(first: count))
      rest = rest.extracting(droppingFirst: count)
      try emitChunks(whileMoreThan: sizes.maximum, emit)
    }
  }

  /// Lends the last chunks; there are none when the content was empty.
  package consuming func finish(emit: (RawSpan) throws -> Void) throws {
    try emitChunks(whileMoreThan: 0, emit)
  }

  private mutating func emitChunks(
    whileMoreThan rest: Int, _ emit: (RawSpan) throws -> Void
  ) throws {
    var start = 0
    while buffer.count - start > rest {
      let length = unsafe buffer.withUnsafeBytes {
        unsafe cut(UnsafeRawBufferPointer(rebasing: $0[start...]))
      }
      try buffer.withBytes { try emit($0.extracting(start..<start + length)) }
      start += length
    }
    buffer.removeFirst(start)
  }

  private func cut(_ bytes: UnsafeRawBufferPointer) -> Int {
    let end = min(bytes.count, sizes.maximum)
    guard end > sizes.minimum else { return end }
    let normal = min(sizes.average, end)
    return unsafe gear.withUnsafeBufferPointer { gear in
      var hash: UInt64 = 0
      var position = sizes.minimum
      while position < normal {
        hash = unsafe (hash << 1) &+ gear[Int(bytes[position])]
        position += 1
        if hash & strictMask == 0 { return position }
      }
      while position < end {
        hash = unsafe (hash << 1) &+ gear[Int(bytes[position])]
        position += 1
        if hash & looseMask == 0 { return position }
      }
      return end
    }
  }
}
