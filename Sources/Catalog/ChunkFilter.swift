import Repository

/// Says of most keys that are not in a run that they are not, without a look at its file.
///
/// A Bloom filter of 16 bits a key, all bits of a key in one word: one place in memory is looked at. Of
/// keys that are not there, about one in a hundred has to be looked for.
struct ChunkFilter {
  private static let bitsForAKey = 16

  private var words: [UInt64]

  init(expecting count: Int) {
    words = [UInt64](repeating: 0, count: max(1, count * Self.bitsForAKey / 64))
  }

  mutating func note(_ key: ChunkID.Half) {
    words[place(of: key)] |= Self.bits(of: key)
  }

  /// Whether a key may be there; if not, it is not.
  func mayHold(_ key: ChunkID.Half) -> Bool {
    let bits = Self.bits(of: key)
    return words[place(of: key)] & bits == bits
  }

  private func place(of key: ChunkID.Half) -> Int {
    Int(truncatingIfNeeded: key.low.multipliedFullWidth(by: UInt64(words.count)).high)
  }

  /// Five bits, said by the low half of what says the place by its high one.
  private static func bits(of key: ChunkID.Half) -> UInt64 {
    1 << (key.low & 63) | 1 << (key.low >> 6 & 63) | 1 << (key.low >> 12 & 63)
      | 1 << (key.low >> 18 & 63) | 1 << (key.low >> 24 & 63)
  }
}
