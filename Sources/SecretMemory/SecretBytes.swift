internal import CSodium

/// Bytes nobody may copy: in locked memory between guard pages, wiped when their owner goes away.
///
/// Nothing about them can be printed, compared with `==`, hashed or encoded. They are written once,
/// by the initialiser, and only lent after that; that is why threads may share them.
@safe package struct SecretBytes: ~Copyable, @unchecked Sendable {
  private let base: UnsafeMutableRawPointer
  /// How many bytes there are.
  package let count: Int

  /// Makes room for `count` bytes and lets `fill` write them in place, so no copy exists elsewhere.
  ///
  /// What `fill` throws is passed on, and the memory wiped.
  package init<E: Error>(
    count: Int, filledBy fill: (inout MutableRawSpan) throws(E) -> Void
  ) throws(E) {
    Sodium.start()
    guard let base = unsafe sodium_malloc(count) else { fatalError("no memory left for a secret") }
    unsafe self.base = unsafe base
    self.count = count
    var bytes = unsafe MutableRawSpan(_unsafeStart: base, byteCount: count)
    try fill(&bytes)
  }

  /// Copies bytes that lie in ordinary memory, whose owner stays answerable for them.
  package init(copying bytes: RawSpan) {
    self.init(count: bytes.byteCount) { $0.copy(from: bytes) }
  }

  /// Draws bytes from the kernel's generator.
  package static func random(count: Int) -> SecretBytes {
    SecretBytes(count: count) { bytes in
      unsafe bytes.withPointer { unsafe randombytes_buf($0, $1) }
    }
  }

  /// Lends the bytes for the length of `body`; the span cannot outlive the call.
  package borrowing func withBytes<R: ~Copyable, E: Error>(
    _ body: (RawSpan) throws(E) -> R
  ) throws(E) -> R {
    try body(unsafe RawSpan(_unsafeStart: base, byteCount: count))
  }

  /// Compares in a time that depends on the sizes alone.
  package borrowing func matches(_ other: borrowing SecretBytes) -> Bool {
    withBytes { mine in other.withBytes { theirs in ConstantTime.equal(mine, theirs) } }
  }

  deinit { unsafe sodium_free(base) }
}
