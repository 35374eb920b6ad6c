internal import Glibc
internal import SystemPackage
internal import Vocabulary

/// The right to be the only run of Coffer that changes a volume; given back when nobody has it any
/// more, also by SIGKILL.
///
/// It is a lock on an open file description, which the locks of libcryptsetup do not meet, and which
/// lasts although libcryptsetup opens and closes the same file.
final class VolumeLock: Sendable {
  /// F_OFD_SETLK, which Glibc shows to Swift under no name (`fcntl_locking(2)`).
  private static let setLock: Int32 = 37

  private let file: FileDescriptor

  /// - Throws: `OperatorError` `luks.locked`, `luks.read-only`.
  init(_ path: FilePath) throws {
    let file: FileDescriptor
    do {
      file = try FileDescriptor.open(path, .readWrite, options: [.closeOnExec])
    } catch let error as Errno {
      throw OperatorError("luks.read-only", .failed, "\(path) cannot be written: \(error)")
    }
    var wanted = flock()
    wanted.l_type = Int16(F_WRLCK)
    wanted.l_whence = Int16(SEEK_SET)
    guard unsafe fcntl(file.rawValue, Self.setLock, &wanted) == 0 else {
      let problem = Errno(rawValue: errno)
      try? file.close()
      guard [.wouldBlock, .permissionDenied].contains(problem) else {
        throw OperatorError("luks.failed", .failed, "\(path) cannot be locked: \(problem)")
      }
      throw OperatorError(
        "luks.locked", .locked, "another run of coffer-custody changes \(path)",
        hint: "wait for it to end")
    }
    self.file = file
  }

  deinit { try? file.close() }
}
