internal import Glibc
internal import LocalFiles
internal import SecretMemory
internal import SystemPackage
internal import Vocabulary

/// A folder that only its owner can enter, for files that must not stay; they are overwritten and gone
/// when this is.
struct PrivateScratch: ~Copyable {
  let folder: FilePath

  /// Makes a folder in another, mode 0700.
  init(in parent: FilePath) throws {
    folder = parent.appending(".scratch-\(Hexadecimal.encode(Randomness.bytes(count: 8)))")
    try DurableFile.makeFolder(folder)
  }

  deinit {
    let names = (try? FolderListing.names(in: folder)) ?? []
    for name in names { Self.overwrite(folder.appending(name)) }
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
