internal import Glibc
internal import SystemPackage
internal import Vocabulary

/// A regular file being filled: pieces of data in order, laid out over the record's extents, with
/// holes left between.
struct RestoredContent {
  private let path: RelativePath
  private let size: Int64
  private let extents: [FileExtent]
  private let descriptor: CInt
  private var index = 0
  /// Bytes of the current extent already written.
  private var filled: Int64 = 0
  private(set) var written: Int64 = 0

  init(_ record: FileRecord, _ descriptor: CInt) {
    path = record.path
    size = record.size
    extents =
      record.extents ?? [FileExtent(offset: 0, length: record.size)].filter { $0.length > 0 }
    self.descriptor = descriptor
  }

  /// Writes the next piece.
  mutating func write(_ piece: RawSpan) throws {
    var rest = 0
    while rest < piece.byteCount {
      guard index < extents.count else {
        throw wrongSize("more data came than the list of files says")
      }
      let extent = extents[index]
      let room = extent.length - filled
      let count = Int(min(Int64(piece.byteCount - rest), room))
      try write(piece.extracting(rest..<(rest + count)), at: extent.offset + filled)
      rest += count
      filled += Int64(count)
      if filled == extent.length { (index, filled) = (index + 1, 0) }
    }
    written += Int64(piece.byteCount)
  }

  /// Checks that all data came, and gives the file its full length, a hole at its end included.
  mutating func finish() throws {
    guard index == extents.count else {
      throw wrongSize("less data came than the list of files says")
    }
    guard extents.last?.end != size else { return }
    do {
      _ = try Errno.check { ftruncate(descriptor, Int(size)) }
    } catch {
      throw failed(error)
    }
  }

  private func write(_ bytes: RawSpan, at offset: Int64) throws {
    var done = 0
    while done < bytes.byteCount {
      let rest = bytes.extracting(done..<bytes.byteCount)
      do {
        // A write of more than 2 GiB is cut by the kernel; CInt holds what it may return.
        done += Int(
          try Errno.check {
            unsafe rest.withUnsafeBytes {
              unsafe CInt(pwrite(descriptor, $0.baseAddress, $0.count, Int(offset) + done))
            }
          })
      } catch {
        throw failed(error)
      }
    }
  }

  private func wrongSize(_ what: String) -> OperatorError {
    OperatorError("restore.wrong-size", .mismatch, "\(path): \(what)")
  }

  private func failed(_ error: Errno) -> OperatorError {
    OperatorError("restore.write-failed", .failed, "cannot write \(path): \(error)")
  }
}
