import FoundationEssentials
import Glibc
import SecretMemory
package import SystemPackage

/// Questions about a path of this machine.
package struct LocalPath: Sendable {
  private let path: FilePath

  package init(_ path: FilePath) {
    self.path = path
  }

  /// Whether something stands there, be it a dangling symlink.
  package var exists: Bool { status != nil }

  /// Whether it is a folder, after symlinks.
  package var isFolder: Bool { (followed?.st_mode ?? 0) & S_IFMT == S_IFDIR }

  /// Whether it belongs to the account that this process runs as, after symlinks.
  package var isOurs: Bool { followed?.st_uid == geteuid() }

  /// Whether another path leads to the same file, after symlinks.
  package func isSame(as other: LocalPath) -> Bool {
    guard let mine = followed, let theirs = other.followed else { return false }
    return mine.st_dev == theirs.st_dev && mine.st_ino == theirs.st_ino
  }

  /// Whether a new file may take its place: nothing is there, or a regular file that is no link.
  package var isReplaceable: Bool {
    guard let status else { return true }
    return status.st_mode & S_IFMT == S_IFREG
  }

  /// Whether it is a device, a pipe or a socket, or leads to one or to what a process has open, as
  /// `/dev/stdout` does.
  package var isChannel: Bool {
    let files = [S_IFREG, S_IFDIR, S_IFLNK]
    guard let status, status.st_mode & S_IFMT == S_IFLNK else {
      return status.map { !files.contains($0.st_mode & S_IFMT) } ?? false
    }
    let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path.string)
    return target?.hasPrefix("/proc/") ?? false
      || followed.map { !files.contains($0.st_mode & S_IFMT) } ?? false
  }

  /// The path from the root, without `.`, `..` and symlinks as far as it leads to something.
  package var canonical: FilePath {
    var existing = FilePath(FileManager.default.currentDirectoryPath).pushing(path)
    var missing: [FilePath.Component] = []
    while true {
      if let resolved = unsafe realpath(existing.string, nil) {
        defer { unsafe free(resolved) }
        var whole = unsafe FilePath(platformString: resolved)
        for component in missing.reversed() { whole.append(component) }
        return whole.lexicallyNormalized()
      }
      guard let last = existing.lastComponent else { return existing }
      missing.append(last)
      existing.removeLastComponent()
    }
  }

  /// The permission bits; nil where nothing stands there.
  package var mode: FilePermissions? {
    status.map { FilePermissions(rawValue: $0.st_mode & 0o7777) }
  }

  /// The size in bytes of a regular file, nil for everything else.
  package var size: Int? {
    guard let status, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
  }

  /// The whole content of a small file.
  ///
  /// - Throws: `Errno`.
  package func read() throws -> [UInt8] {
    var bytes: [UInt8] = []
    try stream { bytes.append($0) }
    return bytes
  }

  /// Lends the content of a file in pieces of up to 1 MiB.
  ///
  /// - Throws: `Errno`, and what `consume` throws.
  package func stream(_ consume: (RawSpan) throws -> Void) throws {
    let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
    defer { try? file.close() }
    var piece = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let got = unsafe try piece.withUnsafeMutableBytes { unsafe try file.read(into: $0) }
      guard got > 0 else { return }
      try piece.withBytes { try consume($0.extracting(0..<got)) }
    }
  }

  /// Gives a file another name, replacing what has it; no file is no error.
  ///
  /// - Throws: `Errno`.
  package func rename(to other: FilePath) throws {
    let result = unsafe path.withPlatformString { old in
      unsafe other.withPlatformString { new in unsafe Glibc.rename(old, new) }
    }
    guard result == 0 || errno == ENOENT else { throw Errno(rawValue: errno) }
  }

  /// Removes a file.
  ///
  /// - Throws: `Errno`.
  package func remove() throws {
    guard unsafe path.withPlatformString({ unsafe unlink($0) }) == 0 else {
      throw Errno(rawValue: errno)
    }
  }

  /// The names in a folder, all but `.` and `..`, in no order.
  ///
  /// - Throws: `Errno`.
  package func names() throws -> [String] {
    guard let stream = unsafe path.withPlatformString({ unsafe opendir($0) }) else {
      throw Errno(rawValue: errno)
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// Removes the plain files in a folder of ours.
  ///
  /// - Throws: `Errno`.
  package func removeContents() throws {
    for name in try names() {
      _ = unsafe path.appending(name).withPlatformString { unsafe unlink($0) }
    }
  }

  private var followed: stat? {
    var status = stat()
    return unsafe path.withPlatformString { unsafe stat($0, &status) } == 0 ? status : nil
  }

  private var status: stat? {
    var status = stat()
    return unsafe path.withPlatformString { unsafe lstat($0, &status) } == 0 ? status : nil
  }
}
