import LocalFiles
import SystemPackage

/// A descriptor that is closed with its owner.
final class OpenFile {
  let descriptor: FileDescriptor

  init(_ descriptor: FileDescriptor) { self.descriptor = descriptor }

  /// Opens a file to be read.
  ///
  /// - Throws: `Errno`.
  convenience init(reading path: FilePath) throws {
    self.init(try FileDescriptor.open(path, .readOnly, options: [.noFollow, .closeOnExec]))
  }

  /// Lends entries of a run, which are read.
  ///
  /// - Throws: `Errno`; `ioError` where the file is too short; and what `body` throws.
  func withEntries<R>(
    _ range: Range<Int>, _ body: (UnsafeBufferPointer<ChunkEntry>) throws -> R
  ) throws -> R {
    let width = MemoryLayout<ChunkEntry>.stride
    return try unsafe withUnsafeTemporaryAllocation(of: ChunkEntry.self, capacity: range.count) {
      entries in
      var room = unsafe UnsafeMutableRawBufferPointer(entries).mutableBytes
      let length = room.byteCount
      guard try descriptor.readWhole(into: &room, at: range.lowerBound * width) == length else {
        throw Errno.ioError
      }
      return try unsafe body(UnsafeBufferPointer(entries))
    }
  }

  deinit { try? descriptor.close() }
}
