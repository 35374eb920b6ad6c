// The one place where a span becomes the pointer that a C function wants. No pointer leaves the room.

internal import CSodium

extension RawSpan {
  /// The byte at an offset; out of bounds is a programming error and stops the process.
  package subscript(byteAt offset: Int) -> UInt8 {
    precondition(offset >= 0 && offset < byteCount, "a byte outside the span")
    return unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  /// Copies the bytes into an array, for what is not secret.
  package func copied() -> [UInt8] {
    unsafe withUnsafeBytes { unsafe [UInt8]($0) }
  }

  /// Lends a pointer to the bytes, never nil, so that C libraries accept empty input.
  func withPointer<R: ~Copyable>(_ body: (UnsafePointer<UInt8>, Int) -> R) -> R {
    unsafe withUnsafeBytes { buffer in
      guard let base = buffer.baseAddress else {
        var nothing: UInt8 = 0
        return unsafe withUnsafePointer(to: &nothing) { unsafe body($0, 0) }
      }
      return unsafe body(base.assumingMemoryBound(to: UInt8.self), buffer.count)
    }
  }
}

extension MutableRawSpan {
  /// Lends a pointer to the bytes, never nil.
  mutating func withPointer<R: ~Copyable>(_ body: (UnsafeMutablePointer<UInt8>, Int) -> R) -> R {
    unsafe withUnsafeMutableBytes { buffer in
      guard let base = buffer.baseAddress else {
        var nothing: UInt8 = 0
        return unsafe withUnsafeMutablePointer(to: &nothing) { unsafe body($0, 0) }
      }
      return unsafe body(base.assumingMemoryBound(to: UInt8.self), buffer.count)
    }
  }

  /// Copies a span of the same size over these bytes.
  package mutating func copy(from source: RawSpan) {
    precondition(source.byteCount == byteCount, "copying between spans of different sizes")
    unsafe withUnsafeMutableBytes { target in
      unsafe source.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
    }
  }

  /// Writes zeros over the bytes, which no optimiser takes away.
  package mutating func wipe() {
    unsafe withPointer { unsafe sodium_memzero($0, $1) }
  }
}
