import SystemPackage

/// Reads a run from its beginning, a piece at a time: mapped, all of it would stay in memory.
struct ChunkRunReader {
  private static let pieceEntries = 16 * 1024

  private let file: OpenFile
  private var left: Int
  private var piece: [ChunkEntry] = []
  private var position = 0

  /// Opens a run of so many entries.
  ///
  /// - Throws: `Errno`.
  init(_ path: FilePath, count: Int) throws {
    file = OpenFile(
      try FileDescriptor.open(path, .readOnly, options: [.noFollow, .closeOnExec]))
    left = count
  }

  /// The next entries, or nil at the end.
  ///
  /// - Throws: `Errno`; `ioError` where the file is too short.
  mutating func nextPiece() throws -> [ChunkEntry]? {
    let count = min(left, Self.pieceEntries)
    guard count > 0 else { return nil }
    left -= count
    let file = file.descriptor
    return try unsafe [ChunkEntry](unsafeUninitializedCapacity: count) { buffer, filled in
      let room = unsafe UnsafeMutableRawBufferPointer(
        start: buffer.baseAddress, count: count * MemoryLayout<ChunkEntry>.stride)
      var bytes = 0
      while bytes < room.count {
        let got = unsafe try file.read(
          into: UnsafeMutableRawBufferPointer(rebasing: room[bytes...]))
        guard got > 0 else { throw Errno.ioError }
        bytes += got
      }
      filled = count
    }
  }

  /// The next entry, left where it is; nil at the end.
  ///
  /// - Throws: as `nextPiece`.
  mutating func peek() throws -> ChunkEntry? {
    if position == piece.count {
      guard let next = try nextPiece() else { return nil }
      (piece, position) = (next, 0)
    }
    return piece[position]
  }

  /// Passes over the entry that `peek` gave.
  mutating func pass() { position += 1 }
}

/// A descriptor that is closed with its owner.
final class OpenFile {
  let descriptor: FileDescriptor

  init(_ descriptor: FileDescriptor) { self.descriptor = descriptor }

  deinit { try? descriptor.close() }
}
