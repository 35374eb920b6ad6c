internal import CSodium

/// Comparison that tells an attacker nothing by the time it takes.
package enum ConstantTime {
  /// Whether two spans hold the same bytes; the time depends on their sizes alone.
  package static func equal(_ one: RawSpan, _ other: RawSpan) -> Bool {
    guard one.byteCount == other.byteCount else { return false }
    return unsafe one.withPointer { mine, count in
      unsafe other.withPointer { theirs, _ in unsafe sodium_memcmp(mine, theirs, count) == 0 }
    }
  }
}
