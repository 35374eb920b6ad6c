package import AgeFormat
import Dispatch
package import SecretMemory
import Synchronization
package import Vocabulary

/// Stores the chunks of one compartment: each once, in frames, in packs that only the recipients open.
///
/// One writer belongs to one task. Frames are compressed on all cores, a few at a time, so memory
/// stays at about one pack and one batch of frames.
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

  private static let packTarget = 32 * 1024 * 1024
  /// Of tiny files a pack would hold a million, and all that is noted of them waits for its end.
  private static let mostChunks = 32 * 1024

  package let keyedHash: KeyedHash
  package let gear: GearTable
  package private(set) var totals = Totals()
  /// Whether the store or the catalog failed: the run must stop, whatever source it was at.
  package private(set) var isBroken = false
  private let recipients: [any Recipient]
  private let delivery: PackDelivery
  private let memory: any ChunkMemory
  private let interruption: Interruption

  private var lanes = [Frame](repeating: Frame(), count: Lane.allCases.count)
  private var batch: [Frame] = []
  private let batchSize = 2 * max(2, coreCount())
  private var packed: [PackedFrame] = []
  private var packedBytes = 0
  private var openPack: PackHandle?
  private var openChunks: Set<ChunkID> = []

  /// Prepares a writer.
  ///
  /// - Parameters:
  ///   - chunkIDKey: the compartment's 32-byte key for chunk ids.
  ///   - recipients: who may open the packs; never empty.
  ///   - store: where the packs go.
  ///   - memory: what is known of chunks that are there already.
  ///   - interruption: asked between batches of frames.
  package init(
    chunkIDKey: borrowing SecretBytes, recipients: [any Recipient], store: any BlobStore,
    memory: any ChunkMemory, interruption: Interruption
  ) {
    keyedHash = KeyedHash(key: chunkIDKey)
    self.gear = GearTable(keyedHash)
    self.recipients = recipients
    delivery = PackDelivery(to: store)
    self.memory = memory
    self.interruption = interruption
  }

  /// Starts content that is cut into chunks of the given sizes.
  package func begin(_ sizes: ChunkSizes) -> ContentStream {
    ContentStream(writer: self, sizes: sizes)
  }

  /// Stores a chunk unless it is there already.
  ///
  /// - Returns: its id and the pack that holds, or will hold, it.
  func save(_ chunk: RawSpan, lane: Lane) throws -> (id: ChunkID, pack: PackHandle) {
    try notingBreakage { try keep(chunk, lane) }
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

  private func keep(_ chunk: RawSpan, _ lane: Lane) throws -> (id: ChunkID, pack: PackHandle) {
    let id = ChunkID(of: chunk, under: keyedHash)
    if let openPack, openChunks.contains(id) { return (id, openPack) }
    if let pack = try memory.pack(holding: id) { return (id, pack) }
    let pack = openPack ?? memory.reservePack()
    openPack = pack
    openChunks.insert(id)
    totals.newBytes += chunk.byteCount
    totals.newChunks += 1
    lanes[lane.rawValue].append(chunk, id: id)
    if lanes[lane.rawValue].isFull { try close(lane) }
    if openChunks.count >= Self.mostChunks { try closePack() }
    return (id, pack)
  }

  /// Seals what is still open and waits until the store has it; the writer can go on afterwards.
  package func flush() throws {
    try notingBreakage {
      try closePack()
      try delivery.finish()
    }
  }

  private func closePack() throws {
    for lane in Lane.allCases where !lanes[lane.rawValue].isEmpty {
      batch.append(lanes[lane.rawValue])
      lanes[lane.rawValue] = Frame()
    }
    compressBatch()
    try sealPack()
  }

  private func close(_ lane: Lane) throws {
    batch.append(lanes[lane.rawValue])
    lanes[lane.rawValue] = Frame()
    guard batch.count >= batchSize else { return }
    compressBatch()
    // All frames go in before a pack is sealed: a chunk's pack is known from the moment it is saved.
    if packedBytes >= Self.packTarget { try closePack() }
    try interruption.check()
  }

  private func compressBatch() {
    let frames = batch
    batch = []
    let results = Mutex<[PackedFrame?]>(Array(repeating: nil, count: frames.count))
    DispatchQueue.concurrentPerform(iterations: frames.count) { index in
      let frame = frames[index].packed()
      results.withLock { $0[index] = frame }
    }
    for case let frame? in results.withLock({ $0 }) {
      packedBytes += frame.stored.count
      packed.append(frame)
    }
  }

  private func sealPack() throws {
    guard let handle = openPack, !packed.isEmpty else { return }
    let (archive, frames) = PackArchive.layOut(packed)
    packed = []
    packedBytes = 0
    let fileKey = FileKey()
    let header = try AgeHeader(fileKey: fileKey, recipients: recipients)
    let payload = archive.withBytes { AgePayload.seal($0, with: fileKey) }
    let name = SHA256Hasher.digest(of: payload)
    let pack = SealedPack(
      name: name, size: payload.count, headerSize: header.bytes.count,
      headerSHA256: SHA256Hasher.digest(of: header.bytes),
      record: IndexFile.record(of: PackDescription(name: name, frames: frames)),
      chunks: frames.flatMap { $0.chunks.map(\.id) })
    try memory.remember(pack, as: handle)
    openPack = nil
    openChunks = []
    try delivery.deliver(name, header: header.bytes, payload: payload)
    totals.storedBytes += payload.count + header.bytes.count
  }
}
