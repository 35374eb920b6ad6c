internal import CLinux
internal import Glibc
internal import SystemPackage

/// What came of reading a file.
package struct FileReading: Hashable, Sendable {
  /// Whether the content is of one moment.
  package enum Outcome: Hashable, Sendable {
    /// Size, mtime and ctime were the same after reading as before.
    case stable
    /// The file was written to meanwhile; what was read may mix old and new.
    case changed
  }

  /// Whether the content is of one moment.
  package let outcome: Outcome
  /// The logical size of what was read: smaller than at the start where the file was cut.
  package let size: Int64
  /// The parts that were read, where the file has holes.
  package let extents: [FileExtent]?
}

/// One regular file, open to be read, and closed when this goes away.
///
/// Reads data only, holes are skipped. Its stamp is younger changes' witness: a file that was
/// written in the last clock tick is given time to age before it is read, so that the same stamp
/// means the same content, on coarse clocks, too.
package struct FileReader: ~Copyable {
  /// The file as it was when it was opened: what a catalog should remember.
  package let status: FileStatus
  /// The parts that hold data, where the file has holes; nil where it has none.
  package let extents: [FileExtent]?

  private let path: RelativePath
  private let descriptor: Descriptor
  private let accounts: AccountNames

  /// So many bytes are read at a time: a system call costs nothing beside the copy.
  package static let pieceSize = 4 << 20

  /// Coarser than any tick Linux stamps files by (10 ms at 100 Hz).
  private static let tick: Int64 = 20_000_000

  init(
    _ path: RelativePath, _ descriptor: consuming Descriptor, accounts: AccountNames
  ) throws(FileProblem) {
    let status = try Self.problem(path) { () throws(Errno) in
      try Self.settledStatus(descriptor)
    }
    guard status.kind == .regular else { throw FileProblem(path, .replaced) }
    extents = Self.dataExtents(descriptor.number, status)
    self.status = status
    self.path = path
    self.descriptor = descriptor
    self.accounts = accounts
  }

  /// Describes the opened file, content left out.
  /// - Throws: `FileProblem` where its attributes cannot be read.
  package func record() throws(FileProblem) -> FileRecord {
    let attributes = try Self.problem(path) { () throws(Errno) in
      try AttributeSite.descriptor(descriptor.number).readAll()
    }
    return FileRecord(
      path, kind: .regular, status, extents: extents, attributes: attributes, accounts: accounts)
  }

  /// Reads all data once, in order.
  /// - Parameter take: gets each piece with its offset in the file, to keep; data of at most `pieceSize` is
  ///   a single one.
  /// - Returns: how the file bore the reading; hand it to `FileRecord.adopt(_:)`.
  /// - Throws: `FileProblem` where a read fails, and whatever `take` throws.
  package func read(_ take: (Int64, consuming [UInt8]) throws -> Void) throws -> FileReading {
    posix_fadvise(descriptor.number, 0, 0, POSIX_FADV_SEQUENTIAL)
    let size = status.stamp.size
    let parts = extents ?? [FileExtent(offset: 0, length: size)]
    var done: [FileExtent] = []
    for part in parts where part.length > 0 {
      let end = try read(part, take)
      if end > part.offset {
        done.append(FileExtent(offset: part.offset, length: end - part.offset))
      }
      guard end == part.end else {
        return FileReading(outcome: .changed, size: end, extents: extents == nil ? nil : done)
      }
    }
    let now = try Self.problem(path) { () throws(Errno) in try descriptor.status() }.stamp
    let isStable =
      now.size == size && now.modified == status.stamp.modified
      && now.changed == status.stamp.changed
    return FileReading(
      outcome: isStable ? .stable : .changed, size: size, extents: extents == nil ? nil : done)
  }

  private func read(
    _ part: FileExtent, _ take: (Int64, consuming [UInt8]) throws -> Void
  ) throws -> Int64 {
    var offset = part.offset
    while offset < part.end {
      let wanted = Int(min(Int64(Self.pieceSize), part.end - offset))
      let piece = try Self.problem(path) { () throws(Errno) in
        try Self.bytes(descriptor.number, at: offset, atMost: wanted)
      }
      let count = piece.count
      guard count > 0 else { break }
      try take(offset, piece)
      offset += Int64(count)
    }
    return offset
  }

  /// Reads so many bytes, fewer where the file ends.
  private static func bytes(
    _ number: CInt, at offset: Int64, atMost count: Int
  ) throws(Errno) -> [UInt8] {
    var problem: Errno?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { room, filled in
      while filled < count {
        let got = unsafe pread(
          number, room.baseAddress.map { unsafe $0 + filled }, count - filled, Int(offset) + filled)
        if got < 0 { problem = .last }
        guard got > 0 else { return }
        filled += got
      }
    }
    if let problem { throw problem }
    return bytes
  }

  private static func problem<Result>(
    _ path: RelativePath, _ call: () throws(Errno) -> Result
  ) throws(FileProblem) -> Result {
    do {
      return try call()
    } catch {
      throw FileProblem(path, .unreadable(error))
    }
  }

  private static func settledStatus(_ descriptor: borrowing Descriptor) throws(Errno) -> FileStatus
  {
    // Bounded: a file that is written to all the time is read as it is, and told from its stamps.
    for _ in 0..<3 {
      let status = try descriptor.status()
      var now = timespec()
      unsafe clock_gettime(CLOCK_REALTIME, &now)
      let changed = status.stamp.changed
      let age =
        (Int64(now.tv_sec) &- changed.seconds).multipliedReportingOverflow(by: 1_000_000_000)
      let nanoseconds = age.partialValue &+ Int64(now.tv_nsec) &- Int64(changed.nanoseconds)
      if age.overflow || nanoseconds < 0 || nanoseconds >= tick { return status }
      usleep(UInt32((tick - nanoseconds) / 1000 + 1))
    }
    return try descriptor.status()
  }

  private static func dataExtents(_ number: CInt, _ status: FileStatus) -> [FileExtent]? {
    let size = status.stamp.size
    guard size > 0, status.allocated < size else { return nil }
    var extents: [FileExtent] = []
    var offset = 0
    while offset < size {
      let start = lseek(number, offset, linux_seek_data)
      if start < 0 {
        // No data after here; or the file system cannot say, and all counts as data.
        if errno == ENXIO { break }
        return nil
      }
      let hole = lseek(number, start, linux_seek_hole)
      guard hole > start else { return nil }
      guard start < size else { break }
      offset = min(hole, Int(size))
      extents.append(FileExtent(offset: Int64(start), length: Int64(offset - start)))
    }
    return extents == [FileExtent(offset: 0, length: size)] ? nil : extents
  }
}

extension FileRecord {
  init(
    _ path: RelativePath, kind: Kind, _ status: FileStatus, extents: [FileExtent]? = nil,
    attributes: [ExtendedAttribute], accounts: AccountNames
  ) {
    self.init(
      path: path, kind: kind, mode: status.mode, userID: status.userID,
      userName: accounts.userName(status.userID), groupID: status.groupID,
      groupName: accounts.groupName(status.groupID), modified: status.stamp.modified,
      size: kind == .regular ? status.stamp.size : 0, extents: extents, attributes: attributes)
  }
}
