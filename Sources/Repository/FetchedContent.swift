import SecretMemory
package import Vocabulary

/// Content that workers fetch already, and that any thread can read, in whole and as often as it likes.
///
/// What it lies in stays in memory with it: made for content of a few frames.
package struct FetchedContent: Sendable {
  private let source: ChunkSource
  private let parts: [(run: ChunkRun, frame: LoadedFrame)]

  /// The frames it lies in, and how long they are.
  package let frames: [(number: UInt32, byteCount: Int)]

  init(_ runs: [ChunkRun], from source: ChunkSource) {
    self.source = source
    parts = runs.map { ($0, source.fetch(frame: $0.frame)) }
    frames = runs.map { ($0.frame, source.byteCount(ofFrame: $0.frame)) }
  }

  /// Lends the bytes, each chunk checked by its name before it is lent.
  ///
  /// - Throws: `OperatorError` of status `mismatch` where a chunk is missing or damaged, and what
  ///   `consume` throws.
  package func read(_ consume: (RawSpan) throws -> Void) throws {
    for (run, frame) in parts {
      try source.withBytes(of: run, in: frame) { bytes in
        _ = try source.check(run, bytes)
        try consume(bytes)
      }
    }
  }

  /// Lends the bytes, which are known to be right only when this has returned.
  ///
  /// They are hashed once: chunks by themselves only where the whole is not what was saved, to say more.
  ///
  /// - Parameters:
  ///   - sha256: what the whole was when it was saved; nil counts as something else.
  ///   - consume: takes the bytes, piece by piece.
  /// - Throws: as `read`, and `content.mismatch`.
  package func read(
    expecting sha256: SHA256Digest?, _ consume: (RawSpan) throws -> Void
  ) throws {
    var hasher = SHA256Hasher()
    for (run, frame) in parts {
      try source.withBytes(of: run, in: frame) { bytes in
        hasher.update(bytes)
        try consume(bytes)
      }
    }
    guard hasher.finish() != sha256 else { return }
    try read { _ in }
    throw OperatorError("content.mismatch", .mismatch, "its SHA-256 is not what was saved")
  }
}
