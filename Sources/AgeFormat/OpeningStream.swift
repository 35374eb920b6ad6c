internal import SecretMemory

/// A payload that is opened while it still comes, on all cores and in bounded memory.
///
/// Batches of 64 chunks are opened at a time; twice 4 MiB is all the memory taken. Every byte lent to
/// the sink is authentic, in its place, and stays so whatever follows; only `finish` without an error
/// says that it is the whole plaintext. After an error every call repeats that error.
///
/// Released is what age's own reader releases: a full chunk that fails is tried as the last one, and
/// if it is, its plaintext is lent before whatever follows it is refused (age.md, "Payload").
package struct OpeningStream: ~Copyable {
  private static let batchSize = 64 * PayloadLayout.sealedChunkSize

  private let fileKey: FileKey
  private var opener: BatchOpener?
  private var pending: [UInt8] = []
  private var failure: (any Error)?

  /// Starts to read a payload, of which the nonce comes first.
  package init(fileKey: consuming FileKey) {
    self.fileKey = fileKey
  }

  /// Takes payload of any size and lends `sink` what is opened by now, if anything.
  ///
  /// Throws `AgeError` for a payload that is wrong, and what `sink` throws.
  package mutating func write(_ payload: RawSpan, to sink: (RawSpan) throws -> Void) throws {
    if let failure { throw failure }
    do {
      try take(payload, sink)
    } catch {
      failure = error
      throw error
    }
  }

  /// Opens what is left and lends it to `sink`.
  ///
  /// Throws `AgeError` for a payload that is wrong or not all there, and what `sink` throws.
  package consuming func finish(to sink: (RawSpan) throws -> Void) throws {
    if let failure { throw failure }
    guard opener != nil else { throw AgeError.payloadNonceMissing }
    let last = pending
    try last.withBytes { try opener?.openRest($0, to: sink) }
  }

  private mutating func take(_ payload: RawSpan, _ sink: (RawSpan) throws -> Void) throws {
    var taken = takeNonce(payload)
    while taken < payload.byteCount {
      let left = payload.byteCount - taken
      if pending.isEmpty, left >= Self.batchSize {
        let batch = payload.extracting(taken..<taken + Self.batchSize)
        taken += Self.batchSize
        try opener?.openFull(batch, to: sink)
        continue
      }
      if opener?.hasEnded == true { throw AgeError.dataAfterLastChunk }
      let size = min(left, Self.batchSize - pending.count)
      pending.append(payload.extracting(taken..<taken + size))
      taken += size
      if pending.count == Self.batchSize {
        try pending.withBytes { try opener?.openFull($0, to: sink) }
        pending.removeAll(keepingCapacity: true)
      }
    }
  }

  private mutating func takeNonce(_ payload: RawSpan) -> Int {
    guard opener == nil else { return 0 }
    let size = min(payload.byteCount, PayloadLayout.nonceSize - pending.count)
    pending.append(payload.extracting(0..<size))
    if pending.count == PayloadLayout.nonceSize {
      opener = BatchOpener(key: PayloadKey(fileKey: fileKey, nonce: pending))
      pending.removeAll(keepingCapacity: true)
    }
    return size
  }
}

/// What opens one batch after the other.
private struct BatchOpener: ~Copyable {
  private let key: PayloadKey
  private var nextIndex = 0
  private var opened: [UInt8] = []
  private(set) var hasEnded = false

  init(key: consuming PayloadKey) {
    self.key = key
  }

  /// Opens full chunks, of which the last may be the payload's last.
  mutating func openFull(_ batch: RawSpan, to sink: (RawSpan) throws -> Void) throws {
    guard batch.byteCount > 0 else { return }
    guard !hasEnded else { throw AgeError.dataAfterLastChunk }
    let chunkSize = PayloadLayout.sealedChunkSize
    let count = batch.byteCount / chunkSize
    let good = open(batch, chunks: count, endsPayload: false)
    try lend(good * PayloadLayout.chunkSize, to: sink)
    nextIndex += good
    guard good < count else { return }

    let failed = batch.extracting(good * chunkSize..<(good + 1) * chunkSize)
    try openLast(failed, to: sink)
    guard good == count - 1 else { throw AgeError.dataAfterLastChunk }
  }

  /// Opens what is left when the payload is all there: full chunks and perhaps a short one.
  mutating func openRest(_ rest: RawSpan, to sink: (RawSpan) throws -> Void) throws {
    let short = rest.byteCount % PayloadLayout.sealedChunkSize
    let full = rest.byteCount - short
    try openFull(rest.extracting(0..<full), to: sink)
    guard short > 0 else {
      guard hasEnded else { throw AgeError.payloadTruncated }
      return
    }
    guard !hasEnded else { throw AgeError.dataAfterLastChunk }
    guard short != PayloadLayout.tagSize || nextIndex == 0 else { throw AgeError.lastChunkEmpty }
    guard short >= PayloadLayout.tagSize else { throw AgeError.chunkDamaged(index: nextIndex) }
    try openLast(rest.extracting(full..<rest.byteCount), to: sink)
  }

  private mutating func openLast(_ chunk: RawSpan, to sink: (RawSpan) throws -> Void) throws {
    guard open(chunk, chunks: 1, endsPayload: true) == 1 else {
      throw AgeError.chunkDamaged(index: nextIndex)
    }
    nextIndex += 1
    hasEnded = true
    try lend(chunk.byteCount - PayloadLayout.tagSize, to: sink)
  }

  private mutating func open(_ batch: RawSpan, chunks: Int, endsPayload: Bool) -> Int {
    let size = batch.byteCount - chunks * PayloadLayout.tagSize
    if opened.count < size { opened = [UInt8](repeating: 0, count: size) }
    return opened.withMutableBytes { bytes in
      var room = bytes._mutatingExtracting(0..<size)
      return ParallelChunks.open(
        batch, into: &room, key: key, firstIndex: nextIndex, endsPayload: endsPayload)
    }
  }

  private func lend(_ size: Int, to sink: (RawSpan) throws -> Void) throws {
    guard size > 0 else { return }
    try opened.withBytes { try sink($0.extracting(0..<size)) }
  }
}
