package import AgeFormat
import DequeModule
package import SecretMemory
package import Vocabulary

/// Stores the chunks of one compartment: each once, in frames, in packs that only the recipients open.
///
/// One writer belongs to one task, which reads, cuts, and asks what is known; workers hash, compress
/// and seal meanwhile. Each of their queues is bounded: memory stays at about four packs, of which one is
/// open and two are being sealed.
package final class CompartmentWriter {
  /// What has been stored.
  package struct Totals: Sendable {
    /// Bytes of chunks that were not there before.
    package var newBytes = 0
    /// Bytes put into the store for them.
    package var storedBytes = 0
    package var newChunks = 0
  }

  /// Data and lists compress better apart.
  enum Lane: Int, CaseIterable {
    case data
    case lists
  }

  /// Of tiny files a pack would hold a million, and all that is noted of them waits for its end.
  private static let mostChunks = 32 * 1024

  /// Bytes of one pack are hashed and written in their order only: two at once keep the cores busy.
  private static let mostSealing = 2

  package let keyedHash: KeyedHash
  package let gear: GearTable
  package private(set) var totals = Totals()
  /// Whether the store or the catalog failed: the run must stop, whatever source it was at.
  package private(set) var isBroken = false
  private let delivery: PackDelivery
  private let memory: any ChunkMemory
  private let interruption: Interruption

  private var hashing = HashingQueue()
  private var lanes = [Frame](repeating: Frame(), count: Lane.allCases.count)
  private var open: GrowingPack?
  private var sealing = Deque<(pack: GrowingPack, outcome: Deferred<StagedPack>)>()

  /// Prepares a writer.
  ///
  /// - Parameters:
  ///   - chunkIDKey: the compartment's 32-byte key for chunk ids.
  ///   - recipients: who may open the packs; never empty.
  ///   - store: where the packs go.
  ///   - memory: what is known of chunks that are there already.
  ///   - interruption: asked between blocks of content.
  package init(
    chunkIDKey: borrowing SecretBytes, recipients: [any Recipient], store: any BlobStore,
    memory: any ChunkMemory, interruption: Interruption
  ) {
    keyedHash = KeyedHash(key: chunkIDKey)
    self.gear = GearTable(keyedHash)
    delivery = PackDelivery(to: store, for: recipients)
    self.memory = memory
    self.interruption = interruption
  }

  /// Starts content that is cut into chunks of the given sizes.
  package func begin(_ sizes: ChunkSizes) -> ContentStream {
    ContentStream(writer: self, sizes: sizes)
  }

  /// Waits until content that has ended was taken.
  ///
  /// - Returns: what became of it.
  package func settle(_ content: PendingContent) throws -> ContentStream.Stored {
    try notingBreakage {
      while true {
        if let stored = content.stored { return stored }
        guard try takeOldest() else {
          throw OperatorError("content.lost", .failed, "a failure before it lost this content")
        }
      }
    }
  }

  /// Seals what is still open and waits until the store has it; the writer can go on afterwards.
  package func flush() throws {
    try notingBreakage {
      while try takeOldest() {}
      try closePack()
      while !sealing.isEmpty { try settleOldestPack() }
      try delivery.finish()
    }
  }

  /// Takes a block of content to be hashed, and chunks of earlier ones to be kept.
  func take(_ block: ChunkBlock, of content: PendingContent) throws {
    try take(block, of: content, isLast: false)
  }

  /// Takes the last block of content, which may be empty.
  func take(last block: ChunkBlock, of content: PendingContent) throws {
    try take(block, of: content, isLast: true)
  }

  private func take(_ block: ChunkBlock, of content: PendingContent, isLast: Bool) throws {
    try notingBreakage {
      try interruption.check()
      hashing.add(block, of: content, isLast: isLast)
      while hashing.isFull || hashing.isReady { _ = try takeOldest() }
      while sealing.first?.outcome.isReady == true { try settleOldestPack() }
    }
  }

  private func takeOldest() throws -> Bool {
    guard let (block, content, isLast) = try hashing.next() else { return false }
    try content.append(block, isLast: isLast, to: self)
    return true
  }

  /// A run that is asked to stop is not broken: it may still seal what it has read.
  private func notingBreakage<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch {
      if (error as? OperatorError)?.status != .interrupted { isBroken = true }
      throw error
    }
  }

  /// Names a chunk and keeps it.
  func save(_ chunk: RawSpan, _ lane: Lane) throws -> (id: ChunkID, pack: PackHandle) {
    let id = ChunkID(of: chunk, under: keyedHash)
    return (id, try keep(chunk, id, lane))
  }

  /// Keeps a chunk unless it is there already.
  ///
  /// - Returns: the pack that holds, or will hold, it.
  func keep(_ chunk: RawSpan, _ id: ChunkID, _ lane: Lane) throws -> PackHandle {
    try keep(id, of: chunk.byteCount) { pack in
      lanes[lane.rawValue].append(chunk, id: id)
      if lanes[lane.rawValue].isFull { try close(lane, of: pack) }
    }
  }

  /// Keeps a block that is one chunk; a long one becomes a frame as it is, without being copied.
  func keep(whole block: HashedBlock) throws -> PackHandle {
    let (bytes, id) = (block.block.bytes, block.ids[0])
    guard Frame.isWorthItsOwn(bytes) else {
      return try bytes.withBytes { try keep($0, id, .data) }
    }
    return try keep(id, of: bytes.count) { try $0.add(Frame(bytes, id: id)) }
  }

  private func keep(
    _ id: ChunkID, of size: Int, adding: (GrowingPack) throws -> Void
  ) throws -> PackHandle {
    if let open, open.chunks.contains(id) { return open.handle }
    for (pack, _) in sealing where pack.chunks.contains(id) { return pack.handle }
    if let pack = try memory.pack(holding: id) { return pack }
    let pack = open ?? GrowingPack(memory.reservePack())
    open = pack
    pack.chunks.insert(id)
    totals.newBytes += size
    totals.newChunks += 1
    try adding(pack)
    // All frames go in before a pack is sealed: a chunk's pack is known from the moment it is saved.
    if pack.isFull || pack.chunks.count >= Self.mostChunks { try closePack() }
    return pack.handle
  }

  private func close(_ lane: Lane, of pack: GrowingPack) throws {
    let frame = lanes[lane.rawValue]
    lanes[lane.rawValue] = Frame()
    try pack.add(frame)
  }

  private func closePack() throws {
    guard let pack = open else { return }
    for lane in Lane.allCases where !lanes[lane.rawValue].isEmpty { try close(lane, of: pack) }
    while sealing.count >= Self.mostSealing { try settleOldestPack() }
    sealing.append((pack, delivery.seal(pack.takeFrames())))
    open = nil
  }

  /// Waits until the oldest pack is sealed, remembers it, and sends it off.
  private func settleOldestPack() throws {
    guard let (pack, outcome) = sealing.first else { return }
    let staged = try outcome.value()
    try memory.remember(staged.pack, as: pack.handle)
    sealing.removeFirst()
    try delivery.deliver(staged)
    totals.storedBytes += staged.pack.size + staged.pack.headerSize
  }
}
