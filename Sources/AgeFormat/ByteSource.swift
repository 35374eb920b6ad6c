/// Bytes that come one after the other: a file, a pipe, what an armor holds.
package protocol ByteSource: AnyObject, Sendable {
  /// Writes some of the next bytes into `room`, which has space for at least one, and waits until
  /// there are any.
  ///
  /// - Returns: how many were written; 0 at the end, and only there.
  /// - Throws: what reading throws; nothing is read after that.
  func read(into room: inout MutableRawSpan) throws -> Int
}

extension ByteSource {
  /// Fills `room`, however small the pieces are in which the bytes come.
  ///
  /// - Returns: how many bytes were written; fewer than there is room for at the end alone.
  package func fill(_ room: inout MutableRawSpan) throws -> Int {
    var filled = 0
    while filled < room.byteCount {
      var rest = room._mutatingExtracting(filled..<room.byteCount)
      let count = try read(into: &rest)
      guard count > 0 else { break }
      filled += count
    }
    return filled
  }
}

/// A source that several threads may read at once, each its own part.
///
/// Whoever works on a part reads it, too: it is in that core's cache then, and nobody waits for a reader.
package protocol PositionedSource: ByteSource {
  /// Passes over the next bytes, which are then read by `read(_:into:)` and by nothing else.
  ///
  /// - Returns: where they lie; nil where there are fewer than `count`, or where there is no "where".
  func claim(_ count: Int) throws -> Range<Int>?

  /// Reads all of the bytes that were claimed; throws where they are no longer there.
  func read(_ range: Range<Int>, into room: inout MutableRawSpan) throws
}

/// Where bytes go, one after the other.
package protocol ByteSink: AnyObject, Sendable {
  /// Takes all of the bytes; called from one thread at a time, not always the same.
  func write(_ bytes: RawSpan) throws
}
