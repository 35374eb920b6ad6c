import Glibc
import SecretMemory
package import SystemPackage
import Vocabulary

/// A new file that is written piece by piece and has no name until it is whole.
///
/// However its process ends before that, nothing is left; where a file system cannot do so, it has a
/// temporary name, and is gone when its owner goes away.
package struct PartialFile: ~Copyable {
  // O_TMPFILE, which Swift's Glibc module does not show.
  private static let nameless = FileDescriptor.OpenOptions(rawValue: 0o20_000_000 | O_DIRECTORY)

  private let file: FileDescriptor
  private let temporary: FilePath
  private let final: FilePath
  private let hasName: Bool

  /// Starts a file, mode 0600.
  ///
  /// - Throws: `Errno`.
  package init(for path: FilePath) throws {
    let folder = path.removingLastComponent()
    let name = ".coffer-\(Hexadecimal.encode(Randomness.bytes(count: 8))).tmp"
    temporary = folder.appending(name)
    final = path
    do {
      file = try FileDescriptor.open(
        folder.isEmpty ? "." : folder, .readWrite, options: [Self.nameless, .closeOnExec],
        permissions: [.ownerReadWrite])
      hasName = false
    } catch Errno.notSupported, Errno.isDirectory, Errno.invalidArgument {
      file = try FileDescriptor.open(
        temporary, .writeOnly, options: [.create, .exclusiveCreate, .noFollow, .closeOnExec],
        permissions: [.ownerReadWrite])
      hasName = true
    }
  }

  /// Adds bytes.
  package func write(_ bytes: RawSpan) throws {
    _ = try unsafe bytes.withUnsafeBytes { unsafe try file.writeAll($0) }
  }

  /// Syncs the file and gives it its owner, mode and name, which must not be taken.
  package func publish(mode: FilePermissions, owner: (user: UInt32, group: UInt32)?) throws {
    if let owner, fchown(file.rawValue, owner.user, owner.group) != 0 {
      throw Errno(rawValue: errno)
    }
    guard fchmod(file.rawValue, mode.rawValue) == 0 else { throw Errno(rawValue: errno) }
    try name(taken: .refuse)
  }

  /// Syncs the file and lets it take the place of what has its name, whose owner and mode it gets.
  package func replace() throws {
    var status = stat()
    if unsafe final.withPlatformString({ unsafe stat($0, &status) }) == 0 {
      _ = fchown(file.rawValue, status.st_uid, status.st_gid)
      _ = fchmod(file.rawValue, status.st_mode & 0o7777)
    }
    try name(taken: .replace)
  }

  private func name(taken: DurableFile.Taken) throws {
    guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
    if !hasName { try giveTemporaryName() }
    try TemporaryFile(temporary: temporary, final: final).publish(taken: taken)
    try DurableFile.syncFolder(final.removingLastComponent())
  }

  private func giveTemporaryName() throws {
    let result = unsafe temporary.withPlatformString { name in
      unsafe linkat(
        AT_FDCWD, "/proc/self/fd/\(file.rawValue)", AT_FDCWD, name, AT_SYMLINK_FOLLOW)
    }
    guard result == 0 else { throw Errno(rawValue: errno) }
  }

  deinit {
    try? file.close()
    if hasName { _ = unsafe temporary.withPlatformString { unsafe unlink($0) } }
  }
}
