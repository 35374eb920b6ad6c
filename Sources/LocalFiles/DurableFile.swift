import Glibc
package import SystemPackage
import SecretMemory
import Vocabulary

/// Files written so that a crash leaves the old one or the new one, never a part.
///
/// Written under a temporary name, mode 0600 before the first byte, synced, renamed, folder synced.
package enum DurableFile {
  /// What to do when the name is taken.
  package enum Taken: Sendable {
    case replace
    /// Fail with `Errno.fileExists`.
    case refuse
  }

  /// Writes a file.
  ///
  /// - Parameters:
  ///   - bytes: the whole content.
  ///   - path: where it ends up.
  ///   - mode: the final mode, set before the rename.
  ///   - taken: what to do when the name is taken.
  /// - Throws: `Errno`; the temporary file is gone then. `notSupported` where the name is a device's or a
  ///   pipe's.
  package static func write(
    _ bytes: RawSpan, to path: FilePath, mode: FilePermissions = [.ownerReadWrite],
    taken: Taken = .replace
  ) throws {
    // Who is root could, and would take `/dev/null` from the whole machine.
    guard !LocalPath(path).isChannel else { throw Errno.notSupported }
    let prepared = try prepare(bytes, for: path, mode: mode)
    try prepared.publish(taken: taken)
    try syncFolder(path.removingLastComponent())
  }

  /// Makes a folder and its parents, mode 0700, and syncs the parent of each that is new, and of the
  /// lowest that is not: a run that was killed may have made it and not come to that.
  package static func makeFolder(_ path: FilePath) throws {
    // The folder of a bare file name is the one we are in.
    guard !path.isEmpty else { return }
    let parent = path.removingLastComponent()
    if unsafe path.withPlatformString({ unsafe access($0, F_OK) }) == 0 {
      // What is above may be closed to us; then we did not make it.
      try? syncFolder(parent)
      return
    }
    if !parent.isEmpty, parent != path { try makeFolder(parent) }
    let result = unsafe path.withPlatformString { unsafe mkdir($0, 0o700) }
    if result != 0 {
      let problem = Errno(rawValue: errno)
      guard problem == .fileExists else { throw problem }
      return
    }
    try syncFolder(parent.isEmpty ? "." : parent)
  }

  /// Makes the names in a folder durable.
  package static func syncFolder(_ path: FilePath) throws {
    let folder = try FileDescriptor.open(
      path.isEmpty ? "." : path, .readOnly, options: [.directory, .closeOnExec])
    defer { try? folder.close() }
    guard fsync(folder.rawValue) == 0 else { throw Errno(rawValue: errno) }
  }

  private static func prepare(
    _ bytes: RawSpan, for path: FilePath, mode: FilePermissions
  ) throws -> TemporaryFile {
    let name = "\(Hexadecimal.encode(Randomness.bytes(count: 8))).tmp"
    let temporary = path.removingLastComponent().appending(".coffer-\(name)")
    let file = try FileDescriptor.open(
      temporary, .writeOnly, options: [.create, .exclusiveCreate, .noFollow, .closeOnExec],
      permissions: [.ownerReadWrite])
    do {
      try file.closeAfter {
        _ = try unsafe bytes.withUnsafeBytes { unsafe try file.writeAll($0) }
        guard fchmod(file.rawValue, mode.rawValue) == 0, fsync(file.rawValue) == 0 else {
          throw Errno(rawValue: errno)
        }
      }
    } catch {
      _ = unsafe temporary.withPlatformString { unsafe unlink($0) }
      throw error
    }
    return TemporaryFile(temporary: temporary, final: path)
  }
}
