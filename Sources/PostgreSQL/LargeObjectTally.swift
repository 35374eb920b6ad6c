internal import SecretMemory

/// Counts and digests large objects as they come in pieces.
///
/// An object is digested in blocks of 64 KiB, each with the object's number and its place, so that
/// an object of any size needs no more memory than one block.
struct LargeObjectTally {
  /// Bytes of an object that are digested together.
  static let blockSize = 64 << 10

  private(set) var figures = LargeObjectFigures()
  private var block: [UInt8] = []
  private var prefixLength = 0
  private var object = 0
  private var offset = 0

  /// Begins an object.
  mutating func begin(_ object: Int) {
    self.object = object
    offset = 0
    beginBlock()
  }

  /// Takes the next piece of the object, of any size.
  mutating func take(_ piece: RawSpan) {
    var start = 0
    while start < piece.byteCount {
      let room = Self.blockSize - (block.count - prefixLength)
      let end = min(start + room, piece.byteCount)
      block.append(piece.extracting(start..<end))
      offset += end - start
      start = end
      if block.count - prefixLength == Self.blockSize {
        digestBlock()
        beginBlock()
      }
    }
  }

  /// Ends the object.
  mutating func end() {
    // An empty object leaves one empty block behind, so that it counts, too.
    if offset == 0 || block.count > prefixLength { digestBlock() }
    figures.objects += 1
    figures.bytes += offset
  }

  private mutating func beginBlock() {
    block = Array("\(object) \(offset) ".utf8)
    prefixLength = block.count
    block.reserveCapacity(prefixLength + Self.blockSize)
  }

  private mutating func digestBlock() {
    let whole = block
    whole.withBytes { figures.digest.add(row: $0) }
  }
}
