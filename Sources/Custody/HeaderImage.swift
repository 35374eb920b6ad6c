internal import LocalFiles
internal import SecretMemory
internal import SystemPackage
internal import TrustedHardware
internal import Vocabulary

/// A header's image in a private file of its own, gone when this is.
///
/// A header opens nothing by itself, but who has it can try passphrases for ever.
struct HeaderImage: ~Copyable {
  /// The file.
  let file: FilePath
  let size: Int
  let sha256: SHA256Digest

  private let scratch: PrivateScratch

  private init(_ scratch: consuming PrivateScratch, _ file: FilePath) throws {
    var size = 0
    var hasher = SHA256Hasher()
    try LocalPath(file).stream {
      hasher.update($0)
      size += $0.byteCount
    }
    (self.file, self.size, sha256) = (file, size, hasher.finish())
    self.scratch = scratch
  }

  /// Copies the header of a device as it is on its disk now.
  ///
  /// `place` is the folder in which a scratch folder is made; not on the medium that the backup goes
  /// to, which may leave the house. `proof` looks at the file before it is measured: libcryptsetup
  /// repairs a damaged copy of a header as it loads it.
  static func copied(
    from device: borrowing LUKSDevice, in place: FilePath, proof: (FilePath) throws -> Void
  ) throws -> HeaderImage {
    let scratch = try PrivateScratch(in: place)
    let file = scratch.folder.appending("header.img")
    try device.writeHeader(to: file)
    try proof(file)
    return try HeaderImage(scratch, file)
  }

  /// Takes an image that was decrypted.
  static func of(_ bytes: [UInt8], in place: FilePath) throws -> HeaderImage {
    let scratch = try PrivateScratch(in: place)
    let file = scratch.folder.appending("header.img")
    try bytes.withBytes { try DurableFile.write($0, to: file, taken: .refuse) }
    return try HeaderImage(scratch, file)
  }

  /// Copies the first bytes of a device as they are, whatever they are.
  static func start(
    of device: FilePath, count: Int, in place: FilePath
  ) throws -> HeaderImage {
    try of(LocalPath(device).start(count), in: place)
  }

  /// Lends the bytes, which are wiped afterwards.
  func withBytes<Result>(_ body: (RawSpan) throws -> Result) throws -> Result {
    var bytes = try LocalPath(file).read()
    defer { bytes.wipe() }
    return try bytes.withBytes(body)
  }
}

extension LocalPath {
  /// The first bytes of a file or a device, fewer where it is shorter.
  ///
  /// - Throws: `Errno`.
  func start(_ count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    do {
      try stream {
        bytes.append($0.extracting(first: count - bytes.count))
        if bytes.count == count { throw Enough() }
      }
    } catch is Enough {}
    return bytes
  }

  private struct Enough: Error {}
}
