import Glibc
import SecretMemory
package import SystemPackage
import Vocabulary

/// A file of a process's own, mode 0600, without a name: it is gone with its owner, however that ends.
///
/// For what would fill memory. Threads may share it.
package final class NamelessFile: Sendable {
  private let file: FileDescriptor

  /// `TMPDIR`, or `/var/tmp`, which unlike `/tmp` lies on disk.
  package static var usualFolder: FilePath {
    guard let value = unsafe getenv("TMPDIR") else { return "/var/tmp" }
    let text = unsafe String(cString: value)
    return text.isEmpty ? "/var/tmp" : FilePath(text)
  }

  /// Makes a file in a folder.
  ///
  /// - Throws: `Errno`.
  package init(in folder: FilePath) throws {
    // O_TMPFILE, which Swift's Glibc module does not show.
    let nameless = FileDescriptor.OpenOptions(rawValue: 0o20_000_000 | O_DIRECTORY)
    do {
      file = try FileDescriptor.open(
        folder, .readWrite, options: [nameless, .exclusiveCreate, .closeOnExec],
        permissions: [.ownerReadWrite])
    } catch Errno.notSupported, Errno.isDirectory, Errno.invalidArgument {
      let name = ".coffer-\(Hexadecimal.encode(Randomness.bytes(count: 8))).tmp"
      let path = folder.appending(name)
      file = try FileDescriptor.open(
        path, .readWrite, options: [.create, .exclusiveCreate, .noFollow, .closeOnExec],
        permissions: [.ownerReadWrite])
      _ = unsafe path.withPlatformString { unsafe unlink($0) }
    }
  }

  /// Writes bytes at a place.
  ///
  /// - Throws: `Errno`.
  package func write(_ bytes: RawSpan, at offset: Int) throws {
    _ = try unsafe bytes.withUnsafeBytes {
      unsafe try file.writeAll(toAbsoluteOffset: Int64(offset), $0)
    }
  }

  /// Reads all of the bytes at a place.
  ///
  /// - Throws: `Errno`; `ioError` where there are fewer.
  package func read(into room: inout MutableRawSpan, at offset: Int) throws {
    guard try file.readWhole(into: &room, at: offset) == room.byteCount else { throw Errno.ioError }
  }

  deinit { try? file.close() }
}
