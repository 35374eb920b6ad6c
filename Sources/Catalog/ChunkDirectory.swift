import Repository

/// Where in a sorted run the keys with the same top bits begin: keys are hashes, so the next steps
/// are among a few dozen entries.
struct ChunkDirectory {
  /// Entries between two marks, on average.
  private static let step = 32

  private let shift: UInt64
  private var marks: [UInt32] = []
  private var count: UInt32 = 0

  init(expecting count: Int) {
    let bits = Int.bitWidth - (count / Self.step).leadingZeroBitCount
    shift = UInt64(64 - max(1, bits))
    marks.reserveCapacity(1 << max(1, bits) + 1)
  }

  /// Takes the next key, in their order.
  mutating func note(_ key: ChunkID.Half) {
    let slot = Int(key.high >> shift)
    while marks.count <= slot { marks.append(count) }
    count += 1
  }

  /// Ends the run.
  mutating func end() {
    while marks.count <= 1 << Int(64 - shift) { marks.append(count) }
  }

  /// The places among which a key lies, if it is there, and where it most likely does.
  func places(of key: ChunkID.Half) -> (from: Int, to: Int, guess: Int) {
    let slot = Int(key.high >> shift)
    let (from, to) = (Int(marks[slot]), Int(marks[slot + 1]))
    // Keys of a slot lie as evenly as all.
    let part = Int((key.high << (64 - shift)) >> 40)
    return (from, to, from + ((to - from) * part) >> 24)
  }
}
