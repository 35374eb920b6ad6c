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

/// A file of entries in the order of their keys.
///
/// Written once, under a temporary name, synced and renamed; it never changes. The catalog knows its
/// digest. Few look-ups read what they need; where there are many it is mapped to memory.
final class ChunkRun {
  /// Once one entry in so many was looked up, the file is worth its room in memory.
  private static let dense = 32

  let number: Int64
  let count: Int
  let file: OpenFile
  private let lookUp: ChunkLookUp
  private var lookUps = 0
  private var mapping: MappedEntries?

  /// Opens a file, after reading all of it once.
  ///
  /// - Throws: `catalog.damaged` where it is not what was written.
  init(_ number: Int64, at path: FilePath, count: Int, digest: SHA256Digest) throws {
    (self.number, self.count) = (number, count)
    do {
      file = try OpenFile(reading: path)
      let length = try file.descriptor.seek(offset: 0, from: .end)
      guard length == Int64(count * MemoryLayout<ChunkEntry>.stride) else { throw Errno.ioError }
      var hasher = SHA256Hasher()
      var lookUp = ChunkLookUp(expecting: count)
      var reader = ChunkRunReader(file, count: count)
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

  /// Opens what was just written.
  ///
  /// - Throws: `Errno`.
  init(_ number: Int64, _ written: ChunkRunWriter.Written) throws {
    (self.number, count) = (number, written.count)
    lookUp = written.lookUp
    file = try OpenFile(reading: written.path)
  }

  /// The pack that a chunk was put in.
  ///
  /// - Throws: `Errno`.
  func pack(of key: ChunkID.Half) throws -> Int64? {
    guard lookUp.filter.mayHold(key) else { return nil }
    let places = lookUp.directory.places(of: key)
    if let mapping { return mapping.pack(of: key, in: places.from..<places.to, near: places.guess) }
    lookUps += 1
    if lookUps > count / Self.dense { mapping = MappedEntries(file, count: count) }
    return try unsafe file.withEntries(places.from..<places.to) { entries in
      unsafe entries.first { $0.key == key }?.pack
    }
  }
}

/// What is held in memory of a run, to look into its file once, and at the right place: 17 bits a key.
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

  /// Maps a file of so many entries; nil where that cannot be done.
  init?(_ file: OpenFile, count: Int) {
    let length = count * MemoryLayout<ChunkEntry>.stride
    guard count > 0,
      let start = unsafe mmap(nil, length, PROT_READ, MAP_SHARED, file.descriptor.rawValue, 0),
      unsafe start != MAP_FAILED
    else { return nil }
    // Keys are hashes: what lies beside one that was looked up is no likelier to be next.
    _ = unsafe madvise(start, length, MADV_RANDOM)
    unsafe entries = UnsafeBufferPointer(
      start: start.assumingMemoryBound(to: ChunkEntry.self), count: count)
  }

  func pack(of key: ChunkID.Half, in places: Range<Int>, near guess: Int) -> Int64? {
    var place = guess
    while place > places.lowerBound, unsafe key < entries[place - 1].key { place -= 1 }
    while place < places.upperBound, unsafe entries[place].key < key { place += 1 }
    // The guess may stand right behind it.
    for place in max(place - 1, places.lowerBound)..<min(place + 1, places.upperBound) {
      if unsafe entries[place].key == key { return unsafe entries[place].pack }
    }
    return nil
  }

  deinit {
    unsafe munmap(
      UnsafeMutableRawPointer(mutating: entries.baseAddress),
      entries.count * MemoryLayout<ChunkEntry>.stride)
  }
}
