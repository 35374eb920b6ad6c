import Glibc
import LocalFiles
import SecretMemory
import SystemPackage

/// A text file that grows by whole lines, each durable once `append` has returned.
///
/// A crash can leave a part of a line at the end; it is cut off before the next one is written. Several
/// processes may add lines at once.
struct LineFile: ~Copyable {
  private let file: FileDescriptor

  /// Opens the file, and makes it where it is missing, mode 0600.
  ///
  /// - Throws: `Errno`.
  init(_ path: FilePath) throws {
    file = try Self.open(path)
  }

  /// Adds text that ends with a line end.
  ///
  /// - Throws: `Errno`.
  func append(_ text: [UInt8]) throws {
    try Self.alone(with: file) { _ = try file.writeAll(text) }
    guard fdatasync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
  }

  /// Hands on every whole line of a file, without its end; none where there is no file.
  ///
  /// - Throws: `Errno`, and what `take` throws.
  static func lines(of path: FilePath, _ take: (ArraySlice<UInt8>) throws -> Void) throws {
    var rest: [UInt8] = []
    do {
      try LocalPath(path).stream { piece in
        rest.append(piece)
        var start = 0
        while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
          try take(rest[start..<end])
          start = end + 1
        }
        rest.removeSubrange(..<start)
      }
    } catch Errno.noSuchFileOrDirectory {
      return
    }
  }

  private static func open(_ path: FilePath) throws -> FileDescriptor {
    let file = try FileDescriptor.open(
      path, .readWrite, options: [.append, .create, .noFollow, .closeOnExec],
      permissions: [.ownerReadWrite])
    do {
      try alone(with: file) {
        let end = try endOfLines(file)
        guard ftruncate(file.rawValue, off_t(end)) == 0 else { throw Errno(rawValue: errno) }
      }
    } catch {
      try? file.close()
      throw error
    }
    return file
  }

  /// A line that another process is writing must not be taken for a part of one, and cut off.
  private static func alone(with file: FileDescriptor, _ body: () throws -> Void) throws {
    while flock(file.rawValue, LOCK_EX) != 0 {
      guard errno == EINTR else { throw Errno(rawValue: errno) }
    }
    defer { flock(file.rawValue, LOCK_UN) }
    try body()
  }

  private static func endOfLines(_ file: FileDescriptor) throws -> Int {
    var end = Int(try file.seek(offset: 0, from: .end))
    var piece = [UInt8](repeating: 0, count: 4096)
    while end > 0 {
      let start = max(0, end - piece.count)
      let got = try piece.withMutableBytes { room in
        var room = room._mutatingExtracting(0..<end - start)
        return try unsafe room.withUnsafeMutableBytes {
          unsafe try file.read(fromAbsoluteOffset: Int64(start), into: $0)
        }
      }
      if let last = piece[..<got].lastIndex(of: UInt8(ascii: "\n")) { return start + last + 1 }
      end = start
    }
    return 0
  }

  deinit { try? file.close() }
}
