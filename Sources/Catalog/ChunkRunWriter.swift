import Glibc
import SecretMemory
import SystemPackage
import Vocabulary

/// Writes a run, entry after entry.
struct ChunkRunWriter: ~Copyable {
  private static let pieceEntries = 32 * 1024

  private let path: FilePath
  private let temporary: FilePath
  private let file: OpenFile
  private var waiting: [ChunkEntry] = []
  private var hasher = SHA256Hasher()
  private var count = 0
  private var lookUp: ChunkLookUp

  /// A run that is durable.
  struct Written {
    let path: FilePath
    let count: Int
    let digest: SHA256Digest
    let lookUp: ChunkLookUp
  }

  /// Starts a run of `most` entries at most.
  init(_ path: FilePath, atMost most: Int) throws {
    self.path = path
    lookUp = ChunkLookUp(expecting: most)
    temporary = FilePath(path.string + ".tmp")
    file = OpenFile(
      try FileDescriptor.open(
        temporary, .writeOnly, options: [.create, .truncate, .noFollow, .closeOnExec],
        permissions: .ownerReadWrite))
    waiting.reserveCapacity(Self.pieceEntries)
  }

  mutating func append(_ entry: ChunkEntry) throws {
    waiting.append(entry)
    lookUp.note(entry.key)
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
    lookUp.end()
    let (path, count, lookUp) = (path, count, lookUp)
    return Written(path: path, count: count, digest: hasher.finish(), lookUp: lookUp)
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
