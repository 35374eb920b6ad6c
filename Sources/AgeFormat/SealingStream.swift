internal import SecretMemory

/// A payload that is sealed while its plaintext still comes, on all cores and in bounded memory.
///
/// Batches of 64 chunks, 4 MiB, are sealed at a time; twice that is all the memory taken. Without
/// `finish` there is no valid payload, and after it the stream is gone: the compiler sees to it.
package struct SealingStream: ~Copyable {
  /// The plaintext sealed at a time.
  package static let batchSize = 64 * PayloadLayout.chunkSize

  private var sealer: BatchSealer
  // Plaintext that waits until it fills a batch; a full one waits to know whether it is the last.
  private var pending: [UInt8] = []

  /// Starts a payload under a fresh nonce.
  package init(fileKey: borrowing FileKey) {
    self.init(fileKey: fileKey, nonce: Randomness.bytes(count: PayloadLayout.nonceSize))
  }

  /// Starts a payload under a nonce that must never have been used with this file key.
  init(fileKey: borrowing FileKey, nonce: [UInt8]) {
    sealer = BatchSealer(key: PayloadKey(fileKey: fileKey, nonce: nonce), nonce: nonce)
  }

  /// Takes plaintext of any size and lends `sink` what is sealed by now, if anything.
  ///
  /// Throws what `sink` throws; what is written after that is no valid payload.
  package mutating func write<E: Error>(
    _ plaintext: RawSpan, to sink: (RawSpan) throws(E) -> Void
  ) throws(E) {
    var taken = 0
    while taken < plaintext.byteCount {
      let left = plaintext.byteCount - taken
      if pending.isEmpty, left > Self.batchSize {
        let batch = plaintext.extracting(taken..<taken + Self.batchSize)
        try sealer.seal(batch, endsPayload: false, to: sink)
        taken += Self.batchSize
      } else if pending.count == Self.batchSize {
        try sealPending(endsPayload: false, to: sink)
      } else {
        let size = min(left, Self.batchSize - pending.count)
        pending.append(plaintext.extracting(taken..<taken + size))
        taken += size
      }
    }
  }

  /// Seals the last chunk and lends it to `sink`; throws what `sink` throws.
  package consuming func finish<E: Error>(to sink: (RawSpan) throws(E) -> Void) throws(E) {
    try sealPending(endsPayload: true, to: sink)
  }

  private mutating func sealPending<E: Error>(
    endsPayload: Bool, to sink: (RawSpan) throws(E) -> Void
  ) throws(E) {
    try pending.withBytes { (batch) throws(E) in
      try sealer.seal(batch, endsPayload: endsPayload, to: sink)
    }
    pending.removeAll(keepingCapacity: true)
  }
}

/// What seals one batch after the other.
private struct BatchSealer: ~Copyable {
  private let key: PayloadKey
  private var nonce: [UInt8]
  private var nextIndex = 0
  private var sealed: [UInt8] = []

  init(key: consuming PayloadKey, nonce: [UInt8]) {
    self.key = key
    self.nonce = nonce
  }

  mutating func seal<E: Error>(
    _ batch: RawSpan, endsPayload: Bool, to sink: (RawSpan) throws(E) -> Void
  ) throws(E) {
    if !nonce.isEmpty {
      try nonce.withBytes(sink)
      nonce = []
    }
    let count = PayloadLayout.chunkCount(ofPlaintext: batch.byteCount)
    let size = batch.byteCount + count * PayloadLayout.tagSize
    if sealed.count < size { sealed = [UInt8](repeating: 0, count: size) }
    sealed.withMutableBytes { bytes in
      var room = bytes._mutatingExtracting(0..<size)
      ParallelChunks.seal(
        batch, into: &room, key: key, firstIndex: nextIndex, endsPayload: endsPayload)
    }
    nextIndex += count
    try sealed.withBytes { (bytes) throws(E) in try sink(bytes.extracting(0..<size)) }
  }
}
