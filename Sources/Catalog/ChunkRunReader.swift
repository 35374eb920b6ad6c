/// Reads a run from its beginning, a piece at a time: mapped, all of it would stay in memory.
struct ChunkRunReader {
  private static let pieceEntries = 16 * 1024

  private let file: OpenFile
  private let count: Int
  private var read = 0
  private var piece: [ChunkEntry] = []
  private var position = 0

  /// Reads a run of so many entries.
  init(_ file: OpenFile, count: Int) {
    (self.file, self.count) = (file, count)
  }

  /// The next entries, or nil at the end.
  ///
  /// - Throws: `Errno`; `ioError` where the file is too short.
  mutating func nextPiece() throws -> [ChunkEntry]? {
    let next = read..<min(read + Self.pieceEntries, count)
    guard !next.isEmpty else { return nil }
    read = next.upperBound
    return try unsafe file.withEntries(next) { unsafe Array($0) }
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
