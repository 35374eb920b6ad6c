import FileTrees
import SecretMemory
import SystemPackage
import Vocabulary

extension FilePath {
  /// SHA-256 of a regular file, holes read as zeros.
  func sha256() throws -> SHA256Digest {
    let file = try FileDescriptor.open(self, .readOnly, options: [.noFollow, .closeOnExec])
    defer { try? file.close() }
    return try file.sha256(ofSize: nil)
  }

  /// Appends a relative path of any bytes.
  func appending(bytes: [UInt8]) -> FilePath {
    guard !bytes.isEmpty else { return self }
    let text = bytes.map { CInterop.PlatformChar(bitPattern: $0) } + [0]
    return appending(FilePath(platformString: text).components)
  }
}

extension FileDescriptor {
  /// So much stays in a core's cache from the reading to the hashing.
  private static var longestPiece: Int { 256 << 10 }

  /// SHA-256 of all that is to be read.
  /// - Parameter size: how much that should be, where it is known: its end is then not asked for again.
  /// - Returns: the digest.
  /// - Throws: `Errno`.
  func sha256(ofSize size: Int?) throws -> SHA256Digest {
    var hasher = SHA256Hasher()
    var total = 0
    let room = min(size.map { $0 + 1 } ?? .max, Self.longestPiece)
    var buffer = unsafe [UInt8](unsafeUninitializedCapacity: room) { $1 = room }
    while true {
      let got = unsafe try buffer.withUnsafeMutableBytes { unsafe try read(into: $0) }
      buffer.withBytes { hasher.update($0.extracting(0..<got)) }
      total += got
      if got == 0 || got < room && total == size { return hasher.finish() }
    }
  }
}
