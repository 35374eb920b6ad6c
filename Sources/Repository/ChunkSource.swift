import AgeFormat
import Compression
import SecretMemory
import Synchronization
import Vocabulary

/// The frames of a snapshot's packs, fetched and opened by workers, and the chunks in them, checked.
///
/// What was used last is kept, so that memory does not grow with what is read.
final class ChunkSource: Sendable {
  /// Less is checked sooner than handed to a worker.
  private static let small = 32 << 10

  private let objects: ObjectReader
  private let identities: [any Identity]
  private let keyedHash: KeyedHash
  private let index: ChunkIndex
  private let packs = Mutex(RecentlyUsed<SHA256Digest, SeekableAgeFile>(limit: 32))
  private let frames = Mutex(RecentlyUsed<UInt32, LoadedFrame>(limit: 32))

  init(
    _ index: ChunkIndex, objects: ObjectReader, identities: [any Identity], keyedHash: KeyedHash
  ) {
    (self.index, self.objects, self.identities) = (index, objects, identities)
    self.keyedHash = keyedHash
  }

  /// Where a chunk lies.
  ///
  /// - Throws: `chunk.missing`.
  func place(of id: ChunkID) throws -> ChunkIndex.Place { try index.place(of: id) }

  /// Fetches a chunk, and waits for it.
  func chunk(_ id: ChunkID) throws -> [UInt8] {
    try fetch(ChunkRun(id, try place(of: id))).value().bytes
  }

  /// Has a run of chunks fetched and checked; a small one of a frame that is there, at once.
  func fetch(_ run: ChunkRun) -> Deferred<CheckedRun> {
    let (frame, _) = frame(run.frame)
    let make = { @Sendable in
      try self.withBytes(of: run, in: frame) { bytes in
        let digests = try self.check(run, bytes)
        return CheckedRun(bytes: bytes.copied(), sha256: digests.count == 1 ? digests[0] : nil)
      }
    }
    return run.end - run.start < Self.small && frame.isLoaded ? Deferred(now: make) : Deferred(make)
  }

  /// Has a frame fetched, if nobody has yet.
  func fetch(frame number: UInt32) -> LoadedFrame {
    let (frame, isNew) = frame(number)
    // What goes wrong is said to whoever asks for the bytes.
    if isNew { Workers.all.run { _ = try? frame.bytes { try self.load(number) } } }
    return frame
  }

  /// How long a frame is.
  func byteCount(ofFrame number: UInt32) -> Int { index.frame(number).frame.rawLength }

  /// Lends the bytes of a run, not yet checked, and waits for nothing but a frame that somebody loads.
  func withBytes<R>(
    of run: ChunkRun, in frame: LoadedFrame, _ body: (RawSpan) throws -> R
  ) throws -> R {
    try frame.bytes { try self.load(run.frame) }.withBytes { bytes in
      guard run.end <= bytes.byteCount else { throw Self.damaged(run.chunks[0].id) }
      return try body(bytes.extracting(run.start..<run.end))
    }
  }

  /// Compares the bytes of a run with the names of its chunks, and gives their digests.
  ///
  /// - Throws: `chunk.damaged`.
  func check(_ run: ChunkRun, _ bytes: RawSpan) throws -> [SHA256Digest] {
    var start = 0
    return try run.chunks.map { chunk in
      let bytes = bytes.extracting(start..<start + chunk.length)
      let digest = SHA256Hasher.digest(of: bytes)
      guard chunk.id.names(bytes, with: digest, under: keyedHash) else {
        throw Self.damaged(chunk.id)
      }
      start += chunk.length
      return digest
    }
  }

  private func frame(_ number: UInt32) -> (frame: LoadedFrame, isNew: Bool) {
    frames.withLock { frames in
      if let known = frames[number] { return (known, false) }
      let frame = LoadedFrame()
      frames[number] = frame
      return (frame, true)
    }
  }

  private static func damaged(_ id: ChunkID) -> OperatorError {
    OperatorError("chunk.damaged", .mismatch, "chunk \(id) does not have the content of its name")
  }

  private func load(_ number: UInt32) throws -> ArraySlice<UInt8> {
    let place = index.frame(number)
    let payload = try payload(of: place.pack)
    let name = ObjectName.pack(place.pack)
    let range = place.frame.offset..<place.frame.offset + place.frame.storedLength
    guard range.upperBound <= payload.plaintextSize else {
      throw OperatorError("pack.damaged", .mismatch, "\(name) is shorter than its index says")
    }
    let stored: ArraySlice<UInt8>
    do {
      stored = try payload.openUncopied(range)
    } catch let error as OperatorError {
      throw error
    } catch {
      throw OperatorError(
        "pack.damaged", .mismatch, "\(name) cannot be decrypted: \(error)",
        hint: "fetch it from another copy of the store")
    }
    return place.frame.codec == .zstd
      ? try stored.withBytes { try ZstdFrame.expand($0, to: place.frame.rawLength)[...] }
      : stored
  }

  /// One at a time: an identity may have to ask somebody, and workers want the same pack.
  private func payload(of pack: SHA256Digest) throws -> SeekableAgeFile {
    try packs.withLock { packs in
      if let known = packs[pack] { return known }
      let opened = try openPayload(of: pack)
      packs[pack] = opened
      return opened
    }
  }

  private func openPayload(of pack: SHA256Digest) throws -> SeekableAgeFile {
    let name = ObjectName.pack(pack)
    guard let size = try objects.store.size(of: name) else {
      throw OperatorError("object.missing", .mismatch, "\(name) is missing")
    }
    do {
      let store = objects.store
      return try SeekableAgeFile(
        header: objects.header(ofPack: pack, with: identities), payloadOfSize: size,
        identities: identities
      ) { try store.read(name, $0) }
    } catch let error as OperatorError {
      throw error
    } catch {
      throw OperatorError("pack.damaged", .mismatch, "\(name) cannot be opened: \(error)")
    }
  }
}

/// A frame that the first worker who needs it loads; others who need it then wait for that.
final class LoadedFrame: Sendable {
  private let loaded = Mutex<ArraySlice<UInt8>?>(nil)
  private let isThere = Atomic(false)

  /// Whether asking for it takes no waiting.
  var isLoaded: Bool { isThere.load(ordering: .acquiring) }

  func bytes(_ load: () throws -> ArraySlice<UInt8>) throws -> ArraySlice<UInt8> {
    try loaded.withLock { loaded in
      if let loaded { return loaded }
      let bytes = try load()
      loaded = bytes
      isThere.store(true, ordering: .releasing)
      return bytes
    }
  }
}
