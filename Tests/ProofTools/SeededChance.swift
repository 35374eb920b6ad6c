internal import Foundation

/// Chance that can be had again: the seed is printed, and `COFFER_SEED` sets it.
package struct SeededChance: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts from `COFFER_SEED`, or from a new seed, and prints which.
  package init(for test: String) {
    let given = ProcessInfo.processInfo.environment["COFFER_SEED"].flatMap { UInt64($0) }
    state = given ?? UInt64.random(in: .min ... .max)
    print("\(test): COFFER_SEED=\(state)")
  }

  /// Starts from a seed.
  package init(seed: UInt64) {
    state = seed
  }

  package mutating func next() -> UInt64 {
    // SplitMix64.
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }

  /// Bytes that look random, quickly made.
  package mutating func bytes(_ count: Int) -> [UInt8] {
    let words = (0..<(count + 7) / 8).map { _ in next().littleEndian }
    return unsafe words.withUnsafeBytes { unsafe Array($0.prefix(count)) }
  }
}
