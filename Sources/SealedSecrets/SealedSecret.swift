internal import LocalFiles
internal import SecretMemory
package import SystemPackage
internal import TrustedHardware
package import Vocabulary

/// A secret that only one TPM opens, as a file has it: a header, and the secret encrypted under a key
/// that the TPM has sealed.
///
/// `docs/formats/sealed-secret.md`.
package struct SealedSecret: Sendable, Equatable {
  /// What a secret may have in bytes; more is not for a TPM's file.
  package static let largest = 64 << 10

  static let title = "coffer-sealed-secret"
  static let firstLine = "\(title) v1"
  static let keySize = 32
  private static let digestSize = 32
  static let largestFile =
    firstLine.utf8.count + 1 + SealedSecretHeader.largest + 1 + largest
    + ChaCha20Poly1305.tagSize + digestSize

  /// What it says of itself.
  package let header: SealedSecretHeader
  /// First line and header with their line ends: what is authenticated with the secret.
  let preamble: [UInt8]
  /// The secret encrypted, and its tag.
  let ciphertext: [UInt8]

  init(_ header: SealedSecretHeader, preamble: [UInt8], ciphertext: [UInt8]) {
    self.header = header
    self.preamble = preamble
    self.ciphertext = ciphertext
  }

  /// The file's bytes: preamble, ciphertext, and SHA-256 of both, by which damage is found before a try
  /// of a PIN is wasted on it.
  var bytes: [UInt8] {
    preamble + ciphertext + SHA256Hasher.digest(of: preamble + ciphertext).bytes
  }

  /// SHA-256 of the file.
  package var sha256: SHA256Digest { SHA256Hasher.digest(of: bytes) }

  static func preamble(_ header: SealedSecretHeader) throws -> [UInt8] {
    Array("\(firstLine)\n".utf8) + (try header.line()) + [UInt8(ascii: "\n")]
  }

  /// Reads a file.
  ///
  /// - Throws: `OperatorError`: `sealed.unreadable`, `sealed.not-sealed` where it is something else,
  ///   `sealed.version`, `sealed.damaged`.
  package init(from path: FilePath) throws {
    let bytes: [UInt8]
    do {
      bytes = try Self.start(of: path)
    } catch {
      throw OperatorError(
        "sealed.unreadable", .failed, "cannot read the sealed secret \(path): \(error)")
    }
    try self.init(bytes, called: "\(path)")
  }

  /// Reads the bytes of a file; see `init(from:)`.
  package init(_ bytes: [UInt8], called name: String) throws {
    let newline = UInt8(ascii: "\n")
    let first = bytes.prefix(64).firstIndex(of: newline).map { Array(bytes[..<$0]) } ?? []
    guard first == Array(Self.firstLine.utf8) else {
      guard first.starts(with: Array("\(Self.title) v".utf8)) else {
        throw OperatorError(
          "sealed.not-sealed", .failed, "\(name) is not a secret that 'coffer-custody seal' wrote")
      }
      throw OperatorError(
        "sealed.version", .failed, "\(name) is a sealed secret of another version",
        hint: "a newer Coffer opens it")
    }
    let rest = bytes.dropFirst(first.count + 1)
    guard bytes.count <= Self.largestFile, bytes.count > Self.digestSize,
      SHA256Hasher.digest(of: Array(bytes.dropLast(Self.digestSize))).bytes
        == Array(bytes.suffix(Self.digestSize)),
      let end = rest.prefix(SealedSecretHeader.largest + 1).firstIndex(of: newline),
      let header = SealedSecretHeader(line: Array(rest[..<end]))
    else { throw Self.damaged(name) }
    let ciphertext = Array(rest[(end + 1)...].dropLast(Self.digestSize))
    guard ciphertext.count > ChaCha20Poly1305.tagSize else { throw Self.damaged(name) }
    self.init(header, preamble: Array(bytes[...end]), ciphertext: ciphertext)
  }

  static func damaged(_ name: String) -> OperatorError {
    OperatorError(
      "sealed.damaged", .mismatch,
      "\(name) is damaged, or somebody changed it: not every byte is what was written",
      hint: "take a copy of the file")
  }

  /// As much of a file as any of ours has, and a byte more.
  private static func start(of path: FilePath) throws -> [UInt8] {
    let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
    defer { try? file.close() }
    var room = [UInt8](repeating: 0, count: largestFile + 1)
    var filled = 0
    while filled < room.count {
      let got = try unsafe room.withUnsafeMutableBytes { buffer in
        unsafe try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      }
      guard got > 0 else { break }
      filled += got
    }
    return Array(room.prefix(filled))
  }
}
