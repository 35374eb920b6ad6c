extension Array where Element == UInt8 {
  /// Lends the bytes as a raw span, which the standard library calls unsafe for the padding that
  /// other elements have and bytes have not.
  package func withBytes<R: ~Copyable, E: Error>(
    _ body: (RawSpan) throws(E) -> R
  ) throws(E) -> R {
    try body(unsafe span.bytes)
  }

  /// Lends the bytes to be written over, in place.
  package mutating func withMutableBytes<R: ~Copyable, E: Error>(
    _ body: (inout MutableRawSpan) throws(E) -> R
  ) throws(E) -> R {
    var elements = mutableSpan
    var bytes = unsafe elements.mutableBytes
    return try body(&bytes)
  }

  /// Adds the bytes of a span at the end.
  package mutating func append(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { unsafe append(contentsOf: $0) }
  }

  /// Wipes bytes that had to lie in ordinary memory for a moment.
  package mutating func wipe() {
    withMutableBytes { $0.wipe() }
  }

  /// Makes an array of `count` bytes, zeros until `fill` writes them in place.
  package init<E: Error>(
    count: Int, filledBy fill: (inout MutableRawSpan) throws(E) -> Void
  ) throws(E) {
    self.init(repeating: 0, count: count)
    try withMutableBytes(fill)
  }

  /// Makes an array of `count` bytes that nobody zeroed first; `fill` must write every one.
  ///
  /// For bulk output only: zeroing it would cost a pass over memory on one core.
  package init(unzeroedCount count: Int, filledBy fill: (inout MutableRawSpan) -> Void) {
    unsafe self.init(unsafeUninitializedCapacity: count) { buffer, filled in
      var bytes = MutableRawSpan()
      if let base = buffer.baseAddress, count > 0 {
        unsafe LargePages.ask(for: base, count)
        bytes = unsafe MutableRawSpan(_unsafeStart: base, byteCount: count)
      }
      fill(&bytes)
      filled = count
    }
  }
}

extension ArraySlice where Element == UInt8 {
  /// Lends the bytes as a raw span; see `Array`.
  package func withBytes<R: ~Copyable, E: Error>(
    _ body: (RawSpan) throws(E) -> R
  ) throws(E) -> R {
    try body(unsafe span.bytes)
  }
}
