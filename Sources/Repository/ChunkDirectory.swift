/// Where in a sorted list the keys with the same top bits begin: keys are hashes, so what is left to
/// search is a few dozen entries.
package struct ChunkDirectory: Sendable {
  /// Entries between two marks, on average.
  private static let step = 32

  private let shift: UInt64
  private var marks: [UInt32] = []
  private var count: UInt32 = 0

  /// Starts a directory of a list of so many keys, at most.
  package init(expecting count: Int) {
    let bits = Int.bitWidth - (count / Self.step).leadingZeroBitCount
    shift = UInt64(64 - max(1, bits))
    marks.reserveCapacity(1 << max(1, bits) + 1)
  }

  /// Takes the next key, in their order.
  package mutating func note(_ key: ChunkID.Half) {
    let slot = Int(key.high >> shift)
    while marks.count <= slot { marks.append(count) }
    count += 1
  }

  /// Ends the list.
  package mutating func end() {
    while marks.count <= 1 << Int(64 - shift) { marks.append(count) }
  }

  /// The places among which a key lies, if it is there, and where it most likely does.
  package func places(of key: ChunkID.Half) -> (from: Int, to: Int, guess: Int) {
    let slot = Int(key.high >> shift)
    let (from, to) = (Int(marks[slot]), Int(marks[slot + 1]))
    // Keys of a slot lie as evenly as all.
    let part = Int((key.high << (64 - shift)) >> 40)
    return (from, to, from + ((to - from) * part) >> 24)
  }
}
