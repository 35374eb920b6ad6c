internal import Glibc
internal import SystemPackage

/// A database in WAL mode that no program has open.
///
/// To read one through SQLite would make a log and its index beside it, and leave them there with our
/// owner: a daemon of another user could then not write to its own database. Such a file is complete
/// by itself, and is copied byte by byte instead.
enum RestingDatabase {
  /// Coarser than any tick by which Linux stamps files.
  private static let tick: UInt32 = 50_000

  /// Copies `source` over the empty file `copy`, if it is at rest before, while and after.
  /// - Returns: false where it is not, or is no WAL database; `copy` is empty again then.
  static func copy(_ source: FilePath, into copy: FilePath) throws -> Bool {
    // SQLite, too, looks for a log beside the file that a link leads to.
    guard let resolved = unsafe realpath(source.string, nil) else { return false }
    defer { unsafe free(resolved) }
    let file = unsafe FilePath(platformString: resolved)
    guard !hasCompanions(file) else { return false }
    let input = try FileDescriptor.open(file, .readOnly, options: .closeOnExec)
    return try input.closeAfter {
      guard try isWriteAheadLog(input) else { return false }
      // A change after the first look must show in the times, whatever the clock's tick.
      usleep(tick)
      let before = try facts(of: input)
      let output = try FileDescriptor.open(copy, .writeOnly, options: [.closeOnExec, .noFollow])
      return try output.closeAfter {
        try transfer(input, output)
        let after = try facts(of: input)
        let isSame =
          before.st_size == after.st_size && before.st_mtim.tv_sec == after.st_mtim.tv_sec
          && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec
        if isSame && !hasCompanions(file) { return true }
        try output.resize(to: 0, retryOnInterrupt: true)
        return false
      }
    }
  }

  /// Whether a file is a WAL database that no program has open, so that SQLite must not open it.
  static func isThere(_ file: FilePath) throws -> Bool {
    guard let resolved = unsafe realpath(file.string, nil) else { return false }
    defer { unsafe free(resolved) }
    let file = unsafe FilePath(platformString: resolved)
    let input = try FileDescriptor.open(file, .readOnly, options: .closeOnExec)
    return try input.closeAfter { try !hasCompanions(file) && isWriteAheadLog(input) }
  }

  private static func hasCompanions(_ file: FilePath) -> Bool {
    ["-wal", "-shm", "-journal"].contains { suffix in
      let companion = FilePath(file.string + suffix)
      return unsafe companion.withPlatformString { unsafe access($0, F_OK) } == 0
    }
  }

  /// The start of the header, which stands in the clear whoever has the file locked; nil where there
  /// is none.
  static func header(of file: FilePath) throws -> [UInt8]? {
    let input = try FileDescriptor.open(file, .readOnly, options: .closeOnExec)
    return try input.closeAfter { try header(input) }
  }

  /// Bytes 18 and 19 of the header say how the file is to be written and read; 2 is by a log.
  private static func isWriteAheadLog(_ input: FileDescriptor) throws -> Bool {
    try header(input)?[19] == 2
  }

  private static func header(_ input: FileDescriptor) throws -> [UInt8]? {
    var header = [UInt8](repeating: 0, count: 20)
    let count = try unsafe header.withUnsafeMutableBytes {
      try unsafe input.read(fromAbsoluteOffset: 0, into: $0)
    }
    return count == 20 && header.starts(with: Array("SQLite format 3\0".utf8)) ? header : nil
  }

  private static func facts(of input: FileDescriptor) throws -> stat {
    var facts = stat()
    guard unsafe fstat(input.rawValue, &facts) == 0 else { throw Errno(rawValue: errno) }
    return facts
  }

  private static func transfer(_ input: FileDescriptor, _ output: FileDescriptor) throws {
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    var offset: Int64 = 0
    while true {
      let count = try unsafe buffer.withUnsafeMutableBytes {
        try unsafe input.read(fromAbsoluteOffset: offset, into: $0)
      }
      if count == 0 { return }
      _ = try output.writeAll(buffer[..<count])
      offset += Int64(count)
    }
  }
}
