import Glibc
import SecretMemory
package import SystemPackage
import Vocabulary

/// A new file that is written piece by piece under a temporary name.
///
/// It takes its own name when it is whole, and is gone when its owner goes away before that.
package struct PartialFile: ~Copyable {
  private let file: FileDescriptor
  private let temporary: FilePath
  private let final: FilePath

  /// Starts a file, mode 0600.
  ///
  /// - Throws: `Errno`.
  package init(for path: FilePath) throws {
    let name = ".coffer-\(Hexadecimal.encode(Randomness.bytes(count: 8))).tmp"
    temporary = path.removingLastComponent().appending(name)
    final = path
    file = try FileDescriptor.open(
      temporary, .writeOnly, options: [.create, .exclusiveCreate, .noFollow, .closeOnExec],
      permissions: [.ownerReadWrite])
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
    guard fchmod(file.rawValue, mode.rawValue) == 0, fsync(file.rawValue) == 0 else {
      throw Errno(rawValue: errno)
    }
    try TemporaryFile(temporary: temporary, final: final).publish(taken: .refuse)
    try DurableFile.syncFolder(final.removingLastComponent())
  }

  deinit {
    try? file.close()
    _ = unsafe temporary.withPlatformString { unsafe unlink($0) }
  }
}
