package import AgeFormat
import SecretMemory
import Synchronization
import Vocabulary

/// An object that is sealed and put while its plaintext comes, in bounded memory.
package enum SealedObject {
  /// Puts an age file.
  ///
  /// - Parameters:
  ///   - name: the object.
  ///   - store: where it goes.
  ///   - recipients: who may open it.
  ///   - write: hands the plaintext to `take`, piece by piece.
  /// - Returns: what the ledger must say of the object.
  /// - Throws: what the store, `AgeHeader` and `write` throw; nothing is left then.
  package static func put(
    _ name: ObjectName, into store: any BlobStore, for recipients: [any Recipient],
    _ write: (_ take: (RawSpan) throws -> Void) throws -> Void
  ) throws -> NeededSet.Facts {
    let fileKey = FileKey()
    let header = try AgeHeader(fileKey: fileKey, recipients: recipients).bytes
    var facts: NeededSet.Facts?
    try store.put(name) { take in
      let sink = MeasuringSink(take)
      try header.withBytes { try sink.write($0) }
      var stream = try SealingStream(fileKey: fileKey, to: sink)
      try write { try stream.write($0) }
      try stream.finish()
      facts = sink.facts()
    }
    guard let facts else { preconditionFailure("a store puts what it is handed, or throws") }
    return facts
  }
}

/// Hands bytes on, and takes their number and digest.
package final class MeasuringSink: ByteSink {
  private struct Taken: ~Copyable {
    var count = 0
    var hasher = SHA256Hasher()
  }

  private let taken = Mutex(Taken())
  private let take: @Sendable (RawSpan) throws -> Void

  package init(_ take: @escaping @Sendable (RawSpan) throws -> Void) {
    self.take = take
  }

  package func write(_ bytes: RawSpan) throws {
    taken.withLock { taken in
      taken.count += bytes.byteCount
      taken.hasher.update(bytes)
    }
    try take(bytes)
  }

  /// What went through; asked once.
  package func facts() -> NeededSet.Facts {
    taken.withLock { taken in
      let whole = taken
      taken = Taken()
      return NeededSet.Facts(size: whole.count, sha256: whole.hasher.finish())
    }
  }
}
