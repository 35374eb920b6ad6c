internal import SecretMemory
internal import Synchronization

/// A payload that is opened on all cores while it still comes, in bounded memory.
///
/// Every byte that the sink gets is authentic, in its place, and stays so whatever follows; only
/// `finish` without an error says that it is the whole plaintext. After an error every call repeats it.
///
/// Released is what age's own reader releases: a full chunk that fails is tried as the last one, and
/// if it is, its plaintext goes to the sink before whatever follows it is refused (age.md, "Payload").
package struct OpeningStream: ~Copyable {
  private static let batchSize = Batch.chunks * PayloadLayout.sealedChunkSize

  private let batches: OrderedBatches<Ending>
  private var open: Batch

  /// Starts to read the payload whose nonce is given; the chunks come next.
  ///
  /// Throws `payloadNonceMissing` where the nonce is not 16 bytes.
  package init(fileKey: borrowing FileKey, nonce: [UInt8], to sink: any ByteSink) throws {
    guard nonce.count == PayloadLayout.nonceSize else { throw AgeError.payloadNonceMissing }
    let key = SharedKey(PayloadKey(fileKey: fileKey, nonce: nonce))
    let release = Release(to: sink)
    batches = OrderedBatches(capacity: Self.batchSize) { batch in
      try Self.open(batch, key.key)
    } deliver: { ending, batch in
      try release.take(ending, batch)
    }
    open = batches.take()
  }

  /// Takes chunks in pieces of any size.
  ///
  /// Throws `AgeError` for a payload that is wrong, perhaps in earlier bytes, and what the sink threw.
  package mutating func write(_ payload: RawSpan) throws {
    try batches.check()
    var rest = payload
    while rest.byteCount > 0 {
      let count = open.take(rest)
      try submitIfFull()
      rest = rest.extracting(droppingFirst: count)
    }
  }

  /// Takes all that a source gives, without a copy in between; throws what it throws, and as `write`.
  package mutating func write(from source: any ByteSource) throws {
    try batches.check()
    let positioned = source as? any PositionedSource
    do {
      while true {
        // Whole batches are read by their workers, whatever comes before or after them here.
        if open.isEmpty, let positioned, let range = try positioned.claim(Self.batchSize) {
          open.take(range, of: positioned)
        } else {
          guard try open.fill({ try source.read(into: &$0) }) > 0 else { break }
        }
        try submitIfFull()
      }
    } catch {
      // What came whole before the source failed is good, and released.
      open.dropPart(of: PayloadLayout.sealedChunkSize)
      batches.abandon(with: open, for: error)
      throw error
    }
  }

  /// Opens what is left and waits until the sink has everything.
  ///
  /// Throws `AgeError` for a payload that is wrong or not all there, and what the sink throws.
  package consuming func finish() throws {
    try batches.check()
    open.isLast = true
    try batches.finish(with: open)
  }

  private mutating func submitIfFull() throws {
    guard open.isFull else { return }
    batches.submit(open)
    open = batches.take()
    try batches.check()
  }

  /// How a batch ends, whatever stands before it.
  private enum Ending: Sendable {
    case goesOn
    /// The payload's last chunk is in it, and perhaps something after that.
    case lastChunk(isFollowed: Bool)
    case damaged(AgeError)
  }

  private static func open(_ batch: Batch, _ key: borrowing PayloadKey) throws -> Ending {
    try batch.work { sealed, room in
      var cipher = ChunkCipher(key)
      let size = PayloadLayout.sealedChunkSize
      let full = sealed.byteCount / size
      var plaintext = room._mutatingExtracting(0..<full * PayloadLayout.chunkSize)
      let good = cipher.open(
        sealed.extracting(0..<full * size), into: &plaintext, firstIndex: batch.firstChunk,
        endsPayload: false)
      let released = good * PayloadLayout.chunkSize
      // The first chunk that is not one of many may be the last.
      let rest = sealed.extracting(good * size..<sealed.byteCount)
      guard rest.byteCount > 0 else { return (.goesOn, released) }
      let index = batch.firstChunk + good
      let last = rest.extracting(first: size)
      guard last.byteCount != PayloadLayout.tagSize || index == 0 else {
        return (.damaged(.lastChunkEmpty), released)
      }
      guard last.byteCount >= PayloadLayout.tagSize else {
        return (.damaged(.chunkDamaged(index: index)), released)
      }
      let count = last.byteCount - PayloadLayout.tagSize
      var region = room._mutatingExtracting(released..<released + count)
      guard cipher.open(last, into: &region, firstIndex: index, endsPayload: true) == 1 else {
        return (.damaged(.chunkDamaged(index: index)), released)
      }
      return (.lastChunk(isFollowed: last.byteCount < rest.byteCount), released + count)
    }
  }

  /// What lets plaintext out, in order, and no further than it may.
  private final class Release: Sendable {
    private let sink: any ByteSink
    private let hasEnded = Atomic(false)

    init(to sink: any ByteSink) {
      self.sink = sink
    }

    func take(_ ending: Ending, _ batch: Batch) throws {
      guard !hasEnded.load(ordering: .relaxed) else {
        if batch.filled > 0 { throw AgeError.dataAfterLastChunk }
        return
      }
      try batch.withOutput { if $0.byteCount > 0 { try sink.write($0) } }
      switch ending {
      case .goesOn: if batch.isLast { throw AgeError.payloadTruncated }
      case .lastChunk(let isFollowed):
        hasEnded.store(true, ordering: .relaxed)
        if isFollowed { throw AgeError.dataAfterLastChunk }
      case .damaged(let error): throw error
      }
    }
  }
}
