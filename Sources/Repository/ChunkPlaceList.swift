import LocalFiles
import SystemPackage
import Vocabulary

/// A chunk and where it lies: 32 bytes, in a file as in memory.
struct ChunkPlaceEntry: Sendable {
  let key: ChunkID.Half
  let frame: UInt32
  let offset: UInt32
  let length: UInt32
  /// So that no byte of a file is one that nobody wrote.
  private let unused: UInt32 = 0

  init(key: ChunkID.Half, frame: UInt32, offset: UInt32, length: UInt32) {
    (self.key, self.frame, self.offset, self.length) = (key, frame, offset, length)
  }
}

/// Entries one after the other, in memory or in a scratch file.
enum ChunkPlaceList: Sendable {
  case memory([ChunkPlaceEntry])
  case file(NamelessFile, count: Int)

  private static let width = MemoryLayout<ChunkPlaceEntry>.stride

  var count: Int {
    switch self {
    case .memory(let entries): entries.count
    case .file(_, let count): count
    }
  }

  /// Lends neighbours; those of a file are read.
  ///
  /// - Throws: `scratch.failed`, and what `body` throws.
  func withEntries<R>(
    _ range: Range<Int>, _ body: (ArraySlice<ChunkPlaceEntry>) throws -> R
  ) throws -> R {
    switch self {
    case .memory(let entries): try body(entries[range])
    case .file(let file, _): try body(Self.read(range, of: file)[...])
    }
  }

  /// Reads entries of a file.
  ///
  /// - Throws: `scratch.failed`.
  static func read(_ range: Range<Int>, of file: NamelessFile) throws -> [ChunkPlaceEntry] {
    try unsafe [ChunkPlaceEntry](unsafeUninitializedCapacity: range.count) { buffer, filled in
      guard !range.isEmpty else { return }
      let room = UnsafeMutableRawBufferPointer(buffer)
      guard let base = room.baseAddress else { return }
      var bytes = unsafe MutableRawSpan(_unsafeStart: base, byteCount: range.count * width)
      do {
        try file.read(into: &bytes, at: range.lowerBound * width)
      } catch {
        throw OperatorError(
          "scratch.failed", .failed, "a scratch file of places of chunks cannot be read: \(error)",
          hint: "name another folder for it with TMPDIR")
      }
      filled = range.count
    }
  }

  /// Writes entries to a file.
  ///
  /// - Throws: `Errno`.
  static func write(
    _ entries: [ChunkPlaceEntry], to file: NamelessFile, at place: Int
  ) throws {
    try unsafe entries.withUnsafeBytes { try file.write(unsafe $0.bytes, at: place * width) }
  }
}
