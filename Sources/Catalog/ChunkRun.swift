import Foundation
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

/// A file of entries in the order of their keys, mapped to memory: only what is looked at is read.
///
/// Written once, under a temporary name, synced and renamed; it never changes. The catalog knows its
/// digest.
final class ChunkRun {
  private static let width = MemoryLayout<ChunkEntry>.stride
  let number: Int64
  let count: Int
  private let bytes: Data
  private let directory: ChunkDirectory

  /// Maps a file, after reading all of it once.
  ///
  /// - Throws: `catalog.damaged` where it is not what was written.
  init(_ number: Int64, at path: FilePath, count: Int, digest: SHA256Digest) throws {
    (self.number, self.count) = (number, count)
    guard
      let mapped = try? Data(contentsOf: URL(fileURLWithPath: path.string), options: .alwaysMapped),
      mapped.count == count * Self.width, Self.digest(of: mapped) == digest
    else {
      throw OperatorError(
        "catalog.damaged", .failed, "the list of chunks \(path) is damaged or missing",
        hint: "move the catalog away: the next run rebuilds it from the store")
    }
    bytes = mapped
    var directory = ChunkDirectory(expecting: count)
    unsafe mapped.withUnsafeBytes { raw in
      let entries = unsafe raw.bindMemory(to: ChunkEntry.self)
      for index in entries.indices { directory.note(unsafe entries[index].key) }
    }
    directory.end()
    self.directory = directory
  }

  /// Maps what was just written.
  init(_ number: Int64, _ written: ChunkRunWriter.Written) throws {
    (self.number, count, directory) = (number, written.count, written.directory)
    bytes = try Data(contentsOf: URL(fileURLWithPath: written.path.string), options: .alwaysMapped)
  }

  /// The pack that a chunk was put in.
  func pack(of key: ChunkID.Half) -> Int64? {
    let places = directory.places(of: key)
    return unsafe bytes.withUnsafeBytes { raw in
      let entries = unsafe raw.bindMemory(to: ChunkEntry.self)
      var place = places.guess
      while place > places.from, unsafe key < entries[place - 1].key { place -= 1 }
      while place < places.to, unsafe entries[place].key < key { place += 1 }
      // The guess may stand right behind it.
      for place in max(place - 1, places.from)..<min(place + 1, places.to) {
        if unsafe entries[place].key == key { return unsafe entries[place].pack }
      }
      return nil
    }
  }

  /// The entry at a place.
  subscript(index: Int) -> ChunkEntry {
    unsafe bytes.withUnsafeBytes { unsafe $0.bindMemory(to: ChunkEntry.self)[index] }
  }

  private static func digest(of data: Data) -> SHA256Digest {
    unsafe data.withUnsafeBytes { SHA256Hasher.digest(of: unsafe $0.bytes) }
  }
}

/// Writes a run, entry after entry.
struct ChunkRunWriter: ~Copyable {
  private static let pieceEntries = 32 * 1024

  private let path: FilePath
  private let temporary: FilePath
  private let file: OpenFile
  private var waiting: [ChunkEntry] = []
  private var hasher = SHA256Hasher()
  private var count = 0
  private var directory: ChunkDirectory

  /// A run that is durable.
  struct Written {
    let path: FilePath
    let count: Int
    let digest: SHA256Digest
    let directory: ChunkDirectory
  }

  /// Starts a run of `most` entries at most.
  init(_ path: FilePath, atMost most: Int) throws {
    self.path = path
    directory = ChunkDirectory(expecting: most)
    temporary = FilePath(path.string + ".tmp")
    file = OpenFile(
      try FileDescriptor.open(
        temporary, .writeOnly, options: [.create, .truncate, .noFollow, .closeOnExec],
        permissions: .ownerReadWrite))
    waiting.reserveCapacity(Self.pieceEntries)
  }

  mutating func append(_ entry: ChunkEntry) throws {
    waiting.append(entry)
    directory.note(entry.key)
    if waiting.count == Self.pieceEntries { try flush() }
  }

  /// Makes the file durable under its name.
  consuming func finish() throws -> Written {
    try flush()
    guard fsync(file.descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
    guard unsafe rename(temporary.string, path.string) == 0 else { throw Errno(rawValue: errno) }
    let folder = try FileDescriptor.open(
      path.removingLastComponent(), .readOnly, options: [.directory, .closeOnExec])
    defer { try? folder.close() }
    guard fsync(folder.rawValue) == 0 else { throw Errno(rawValue: errno) }
    directory.end()
    let (path, count, directory) = (path, count, directory)
    return Written(path: path, count: count, digest: hasher.finish(), directory: directory)
  }

  private mutating func flush() throws {
    let file = file
    try unsafe waiting.withUnsafeBytes { bytes in
      hasher.update(unsafe bytes.bytes)
      _ = unsafe try file.descriptor.writeAll(bytes)
    }
    count += waiting.count
    waiting.removeAll(keepingCapacity: true)
  }
}

/// A descriptor that is closed with its owner.
private final class OpenFile {
  let descriptor: FileDescriptor

  init(_ descriptor: FileDescriptor) { self.descriptor = descriptor }

  deinit { try? descriptor.close() }
}
