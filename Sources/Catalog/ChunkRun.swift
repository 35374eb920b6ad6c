import Glibc
import Repository
import SecretMemory
import SystemPackage
import Vocabulary

/// What is known of a chunk: the first half of its id, and the pack that holds it.
///
/// 128 bits of a keyed hash: among 10 million chunks two with the same are as likely as a SHA-256 to
/// be guessed. 24 bytes, in a file as in memory.
struct ChunkEntry: Sendable {
  let key: ChunkID.Half
  let pack: Int64
}

/// A file of entries in the order of their keys, mapped to memory: only what is looked at is there.
///
/// Written once, under a temporary name, synced and renamed; it never changes. The catalog knows its
/// digest.
final class ChunkRun {
  let number: Int64
  let count: Int
  let path: FilePath
  private let file: MappedEntries
  private let lookUp: ChunkLookUp

  /// Maps a file, after reading all of it once.
  ///
  /// - Throws: `catalog.damaged` where it is not what was written.
  init(_ number: Int64, at path: FilePath, count: Int, digest: SHA256Digest) throws {
    (self.number, self.count, self.path) = (number, count, path)
    do {
      file = try MappedEntries(path, count: count)
      var hasher = SHA256Hasher()
      var lookUp = ChunkLookUp(expecting: count)
      var reader = try ChunkRunReader(path, count: count)
      while let piece = try reader.nextPiece() {
        unsafe piece.withUnsafeBytes { hasher.update(unsafe $0.bytes) }
        for entry in piece { lookUp.note(entry.key) }
      }
      lookUp.end()
      self.lookUp = lookUp
      guard hasher.finish() == digest else { throw Errno.ioError }
    } catch is Errno {
      throw OperatorError(
        "catalog.damaged", .failed, "the list of chunks \(path) is damaged or missing",
        hint: "move the catalog away: the next run rebuilds it from the store")
    }
  }

  /// Maps what was just written.
  ///
  /// - Throws: `Errno`.
  init(_ number: Int64, _ written: ChunkRunWriter.Written) throws {
    (self.number, count, path) = (number, written.count, written.path)
    lookUp = written.lookUp
    file = try MappedEntries(path, count: count)
  }

  /// The pack that a chunk was put in.
  func pack(of key: ChunkID.Half) -> Int64? {
    guard lookUp.filter.mayHold(key) else { return nil }
    let places = lookUp.directory.places(of: key)
    return file.pack(of: key, from: places.from, to: places.to, guess: places.guess)
  }
}

/// What is held in memory of a run, to look into its file once, and at the right place: 13 bits a key.
struct ChunkLookUp {
  private(set) var directory: ChunkDirectory
  private(set) var filter: ChunkFilter

  init(expecting count: Int) {
    directory = ChunkDirectory(expecting: count)
    filter = ChunkFilter(expecting: count)
  }

  /// Takes the next key, in their order.
  mutating func note(_ key: ChunkID.Half) {
    directory.note(key)
    filter.note(key)
  }

  /// Ends the run.
  mutating func end() { directory.end() }
}

/// The entries of a file in memory, as long as somebody holds them.
@safe private final class MappedEntries {
  private let entries: UnsafeBufferPointer<ChunkEntry>

  /// Maps a file of exactly so many entries.
  ///
  /// - Throws: `Errno`; `ioError` where the file has another length.
  init(_ path: FilePath, count: Int) throws {
    let file = try FileDescriptor.open(path, .readOnly, options: [.noFollow, .closeOnExec])
    defer { try? file.close() }
    let length = count * MemoryLayout<ChunkEntry>.stride
    guard try file.seek(offset: 0, from: .end) == Int64(length) else { throw Errno.ioError }
    guard count > 0 else {
      unsafe entries = UnsafeBufferPointer(start: nil, count: 0)
      return
    }
    let start = unsafe mmap(nil, length, PROT_READ, MAP_SHARED, file.rawValue, 0)
    guard let start = unsafe start, unsafe start != MAP_FAILED else {
      throw Errno(rawValue: errno)
    }
    // Keys are hashes: what lies beside one that was looked up is no likelier to be next.
    _ = unsafe madvise(start, length, MADV_RANDOM)
    unsafe entries = UnsafeBufferPointer(
      start: start.assumingMemoryBound(to: ChunkEntry.self), count: count)
  }

  func pack(of key: ChunkID.Half, from: Int, to: Int, guess: Int) -> Int64? {
    var place = guess
    while place > from, unsafe key < entries[place - 1].key { place -= 1 }
    while place < to, unsafe entries[place].key < key { place += 1 }
    // The guess may stand right behind it.
    for place in max(place - 1, from)..<min(place + 1, to) {
      if unsafe entries[place].key == key { return unsafe entries[place].pack }
    }
    return nil
  }

  deinit {
    guard let start = unsafe entries.baseAddress else { return }
    unsafe munmap(
      UnsafeMutableRawPointer(mutating: start), entries.count * MemoryLayout<ChunkEntry>.stride)
  }
}
