internal import SecretMemory

/// A payload that is sealed on all cores while its plaintext still comes, in bounded memory.
///
/// Without `finish` there is no valid payload, and after it the stream is gone: the compiler sees to it.
package struct SealingStream: ~Copyable {
  private static let batchSize = Batch.chunks * PayloadLayout.chunkSize

  private let batches: OrderedBatches<Void>
  private var open: Batch
  // A full batch waits here until it is known whether it is the last.
  private var full: Batch?

  /// Starts a payload under a fresh nonce; throws what `sink` throws.
  package init(fileKey: borrowing FileKey, to sink: any ByteSink) throws {
    let nonce = Randomness.bytes(count: PayloadLayout.nonceSize)
    try self.init(fileKey: fileKey, nonce: nonce, to: sink)
  }

  /// Starts a payload under a nonce that must never have been used with this file key.
  init(fileKey: borrowing FileKey, nonce: [UInt8], to sink: any ByteSink) throws {
    let key = SharedKey(PayloadKey(fileKey: fileKey, nonce: nonce))
    batches = OrderedBatches(capacity: Self.batchSize) { batch in
      try Self.seal(batch, key.key)
    } deliver: { _, batch in
      try batch.withOutput { try sink.write($0) }
    }
    open = batches.take()
    try nonce.withBytes { try sink.write($0) }
  }

  /// Takes plaintext of any size.
  ///
  /// Throws what the sink threw, perhaps to earlier bytes; there is no valid payload then.
  package mutating func write(_ plaintext: RawSpan) throws {
    try batches.check()
    var rest = plaintext
    while rest.byteCount > 0 {
      let count = open.take(rest)
      try noteFilled(count)
      rest = rest.extracting(droppingFirst: count)
    }
  }

  /// Takes all that a source gives, without a copy in between; throws what it throws, and as `write`.
  package mutating func write(from source: any ByteSource) throws {
    try batches.check()
    let positioned = source as? any PositionedSource
    while true {
      // Whole batches are read by their workers, whatever comes before or after them here.
      if open.isEmpty, let positioned, let range = try positioned.claim(Self.batchSize) {
        open.take(range, of: positioned)
        try noteFilled(range.count)
      } else {
        let count = try open.fill { try source.read(into: &$0) }
        guard count > 0 else { return }
        try noteFilled(count)
      }
    }
  }

  /// Seals the last chunk and waits until the sink has everything; throws what the sink throws.
  package consuming func finish() throws {
    let last = full ?? open
    if full != nil { batches.giveBack(open) }
    last.isLast = true
    try batches.finish(with: last)
  }

  private mutating func noteFilled(_ count: Int) throws {
    if let before = full {
      batches.submit(before)
      full = nil
    }
    guard open.isFull else { return }
    full = open
    open = batches.take()
    try batches.check()
  }

  private static func seal(_ batch: Batch, _ key: borrowing PayloadKey) throws {
    try batch.work { plaintext, room in
      let chunks = PayloadLayout.chunkCount(ofPlaintext: plaintext.byteCount)
      let size = plaintext.byteCount + chunks * PayloadLayout.tagSize
      var sealed = room._mutatingExtracting(0..<size)
      var cipher = ChunkCipher(key)
      cipher.seal(
        plaintext, into: &sealed, firstIndex: batch.firstChunk, endsPayload: batch.isLast)
      return ((), size)
    }
  }
}
