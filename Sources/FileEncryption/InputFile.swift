import AgeFormat
import Glibc
import LocalFiles
import SecretMemory
import SystemPackage
package import Vocabulary

/// A file, a pipe or standard input, read from its start to its end.
package final class InputFile: PositionedSource {
  /// How it is called in an error.
  package let name: String
  /// How many bytes a regular file has; nil for all else.
  package let size: Int?

  private let file: FileDescriptor
  private let isOurs: Bool
  private let meter: ProgressMeter

  /// Opens a file; standard input where the path is nil or `-`.
  ///
  /// - Throws: `OperatorError` `input.unreadable`.
  package init(_ path: String?, meter: ProgressMeter) throws {
    self.meter = meter
    isOurs = path != nil && path != "-"
    name = isOurs ? path ?? "" : "standard input"
    do {
      file =
        isOurs
        ? try FileDescriptor.open(FilePath(name), .readOnly, options: [.closeOnExec])
        : .standardInput
    } catch {
      throw Self.unreadable(name, error)
    }
    var status = stat()
    let isKnown = unsafe fstat(file.rawValue, &status) == 0
    if isKnown, status.st_mode & S_IFMT == S_IFDIR {
      if isOurs { try? file.close() }
      throw Self.unreadable(name, Errno.isDirectory)
    }
    size = isKnown && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    PipeRoom.enlarge(file)
    _ = posix_fadvise(file.rawValue, 0, 0, POSIX_FADV_SEQUENTIAL)
  }

  /// Whether it is the regular file that a path names.
  package func isSame(as path: String) -> Bool {
    var mine = stat()
    var other = stat()
    guard unsafe fstat(file.rawValue, &mine) == 0, unsafe stat(path, &other) == 0 else {
      return false
    }
    return mine.st_dev == other.st_dev && mine.st_ino == other.st_ino
      && mine.st_mode & S_IFMT == S_IFREG
  }

  package func read(into room: inout MutableRawSpan) throws -> Int {
    do {
      let count = try unsafe room.withUnsafeMutableBytes { unsafe try file.read(into: $0) }
      meter.advance(bytes: count)
      return count
    } catch {
      throw Self.unreadable(name, error)
    }
  }

  package func claim(_ count: Int) throws -> Range<Int>? {
    guard let size else { return nil }
    let start = try file.seek(offset: 0, from: .current)
    guard size - Int(start) >= count else { return nil }
    // What is read after that goes on from here.
    try file.seek(offset: start + Int64(count), from: .start)
    return Int(start)..<Int(start) + count
  }

  package func read(_ range: Range<Int>, into room: inout MutableRawSpan) throws {
    var part = room._mutatingExtracting(0..<range.count)
    let filled: Int
    do {
      filled = try file.readWhole(into: &part, at: range.lowerBound)
    } catch {
      throw Self.unreadable(name, error)
    }
    guard filled == range.count else {
      throw OperatorError("input.unreadable", .failed, "\(name) was cut short while it was read")
    }
    meter.advance(bytes: range.count)
  }

  private static func unreadable(_ name: String, _ error: any Error) -> OperatorError {
    OperatorError("input.unreadable", .failed, "cannot read \(name): \(error)")
  }

  deinit {
    if isOurs { try? file.close() }
  }
}
