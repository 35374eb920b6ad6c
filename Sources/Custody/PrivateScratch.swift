internal import Glibc
internal import LocalFiles
internal import SecretMemory
internal import SystemPackage
internal import Vocabulary

/// A folder that only its owner can enter, for files that must not stay; they are overwritten and gone
/// when this is.
///
/// What a killed process left is gone when the next one makes such a folder in the same place: each is
/// locked for as long as its owner lives.
struct PrivateScratch: ~Copyable {
  private static let prefix = ".scratch-"

  let folder: FilePath
  private let lock: FileDescriptor

  /// Makes a folder in another, mode 0700.
  ///
  /// - Throws: `Errno`.
  init(in parent: FilePath) throws {
    Self.sweep(parent)
    let name = Hexadecimal.encode(Randomness.bytes(count: 8))
    // It gets the name that is swept only when it is locked.
    let unlocked = parent.appending(".new-\(name)")
    try DurableFile.makeFolder(unlocked)
    guard let lock = Self.lock(unlocked) else { throw Errno.wouldBlock }
    let folder = parent.appending("\(Self.prefix)\(name)")
    try LocalPath(unlocked).rename(to: folder)
    self.folder = folder
    self.lock = lock
  }

  deinit {
    Self.destroy(folder)
    try? lock.close()
  }

  private static func sweep(_ parent: FilePath) {
    let names = (try? LocalPath(parent).names()) ?? []
    for name in names where name.hasPrefix(prefix) {
      let left = parent.appending(name)
      guard let lock = lock(left) else { continue }
      destroy(left)
      try? lock.close()
    }
  }

  /// Locks a folder; nil where its owner lives, or it is none.
  private static func lock(_ folder: FilePath) -> FileDescriptor? {
    let file = try? FileDescriptor.open(
      folder, .readOnly, options: [.directory, .noFollow, .closeOnExec])
    guard let file else { return nil }
    if flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 { return file }
    try? file.close()
    return nil
  }

  private static func destroy(_ folder: FilePath) {
    let names = (try? LocalPath(folder).names()) ?? []
    for name in names { overwrite(folder.appending(name)) }
    try? LocalPath(folder).removeContents()
    _ = unsafe folder.withPlatformString { unsafe rmdir($0) }
  }

  /// Writes zeros over a file, as far as its file system does so in place.
  private static func overwrite(_ file: FilePath) {
    guard let size = LocalPath(file).size,
      unsafe file.withPlatformString({ unsafe chmod($0, 0o600) }) == 0,
      let open = try? FileDescriptor.open(file, .writeOnly, options: [.noFollow, .closeOnExec])
    else { return }
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    var left = size
    while left > 0 {
      let count = min(left, zeros.count)
      guard (try? open.writeAll(zeros[..<count])) == count else { break }
      left -= count
    }
    _ = fsync(open.rawValue)
    try? open.close()
  }
}
