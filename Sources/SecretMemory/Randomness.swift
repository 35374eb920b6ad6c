internal import CSodium

/// Random bytes and numbers from the kernel's generator, for what is unpredictable but not secret.
package enum Randomness {
  /// Draws `count` bytes.
  package static func bytes(count: Int) -> [UInt8] {
    Sodium.start()
    return [UInt8](count: count) { bytes in
      unsafe bytes.withPointer { unsafe randombytes_buf($0, $1) }
    }
  }

  /// Draws a number from 0 up to but not including `bound`, each equally likely; 0 for a bound of 0.
  package static func number(below bound: UInt32) -> UInt32 {
    Sodium.start()
    return randombytes_uniform(bound)
  }
}
