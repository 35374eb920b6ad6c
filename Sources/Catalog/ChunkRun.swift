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
  /// Entries between two marks of the directory, on average.
  private static let step = 32

  let number: Int64
  let count: Int
  private let bytes: Data
  /// Where keys with the same top bits begin.
  private var directory: [UInt32] = []
  private let shift: UInt64

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
    let bits = UInt64(
      max(1, (count / Self.step).bitWidth - (count / Self.step).leadingZeroBitCount))
    shift = 64 - bits
    directory = Self.directory(of: mapped, shift: shift)
  }

  /// The pack that a chunk was put in.
  func pack(of key: ChunkID.Half) -> Int64? {
    let slot = Int(key.high >> shift)
    var (low, high) = (Int(directory[slot]), Int(directory[slot + 1]))
    return unsafe bytes.withUnsafeBytes { raw in
      let entries = unsafe raw.bindMemory(to: ChunkEntry.self)
      while low < high {
        let middle = (low + high) / 2
        let entry = unsafe entries[middle]
        if entry.key == key { return entry.pack }
        if entry.key < key { low = middle + 1 } else { high = middle }
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

  private static func directory(of data: Data, shift: UInt64) -> [UInt32] {
    unsafe data.withUnsafeBytes { raw in
      let entries = unsafe raw.bindMemory(to: ChunkEntry.self)
      var marks = [UInt32](repeating: UInt32(entries.count), count: 1 << Int(64 - shift) + 1)
      var slot = 0
      for index in entries.indices {
        let own = unsafe Int(entries[index].key.high >> shift)
        while slot <= own {
          marks[slot] = UInt32(index)
          slot += 1
        }
      }
      return marks
    }
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

  init(_ path: FilePath) throws {
    self.path = path
    temporary = FilePath(path.string + ".tmp")
    file = OpenFile(
      try FileDescriptor.open(
        temporary, .writeOnly, options: [.create, .truncate, .noFollow, .closeOnExec],
        permissions: .ownerReadWrite))
    waiting.reserveCapacity(Self.pieceEntries)
  }

  mutating func append(_ entry: ChunkEntry) throws {
    waiting.append(entry)
    if waiting.count == Self.pieceEntries { try flush() }
  }

  /// Makes the file durable under its name.
  consuming func finish() throws -> (count: Int, digest: SHA256Digest) {
    try flush()
    guard fsync(file.descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
    guard unsafe rename(temporary.string, path.string) == 0 else { throw Errno(rawValue: errno) }
    let folder = try FileDescriptor.open(
      path.removingLastComponent(), .readOnly, options: [.directory, .closeOnExec])
    defer { try? folder.close() }
    guard fsync(folder.rawValue) == 0 else { throw Errno(rawValue: errno) }
    let count = count
    return (count, hasher.finish())
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
