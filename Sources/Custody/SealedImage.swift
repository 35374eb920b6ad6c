internal import AgeFormat
internal import LocalFiles
internal import SecretMemory
internal import SystemPackage
internal import Vocabulary

/// An image, encrypted with age, as a durable file that was read back.
struct SealedImage {
  /// How many names may be tried where one is taken: two backups of one second.
  private static let tries = 100

  let file: FilePath
  let size: HeaderBackupFacts.ImageSize
  /// The recipients as they are written; `other` for one that cannot be.
  let recipients: [String]

  /// Encrypts, writes, and opens what then is on the disk.
  ///
  /// What it is opened with is the file key that the recipients were given, for their identities are
  /// not here: all is proven but that they have them.
  /// - Parameters:
  ///   - image: what is encrypted.
  ///   - name: gives the path for a suffix.
  ///   - recipients: who may open it.
  /// - Throws: `OperatorError` `header.unproven`, `Errno`, and what encrypting throws.
  init(
    _ image: borrowing HeaderImage, called name: (_ suffix: String) -> FilePath,
    for recipients: [any Recipient]
  ) throws {
    let fileKey = FileKey()
    let header = try AgeHeader(fileKey: fileKey, recipients: recipients)
    let payload = try image.withBytes { AgePayload.seal($0, with: fileKey) }
    let bytes = header.bytes + payload
    file = try Self.write(bytes, called: name)
    size = HeaderBackupFacts.ImageSize(
      size: bytes.count, sha256: SHA256Hasher.digest(of: bytes))
    self.recipients = recipients.map { ($0 as? any WrittenRecipient)?.text ?? "other" }
    try prove(image, fileKey)
  }

  private static func write(
    _ bytes: [UInt8], called name: (_ suffix: String) -> FilePath
  ) throws -> FilePath {
    for number in 1..<tries {
      let file = name(number == 1 ? "" : "-\(number)")
      do {
        try bytes.withBytes { try DurableFile.write($0, to: file, taken: .refuse) }
        return file
      } catch Errno.fileExists {
        continue
      }
    }
    throw Errno.fileExists
  }

  private func prove(_ image: borrowing HeaderImage, _ fileKey: borrowing FileKey) throws {
    let onDisk = try LocalPath(file).read()
    guard SHA256Hasher.digest(of: onDisk) == size.sha256 else { throw unproven("is another") }
    do {
      let header = try AgeHeader(parsing: onDisk)
      let known = KnownFileKey(fileKey)
      let key = try header.fileKey(for: [known])
      var opened = try onDisk.withBytes {
        try AgePayload.open($0.extracting(header.bytes.count..<$0.byteCount), with: key)
      }
      defer { opened.wipe() }
      guard SHA256Hasher.digest(of: opened) == image.sha256 else {
        throw unproven("opens to another")
      }
    } catch let error as AgeError {
      throw unproven("does not open: \(error)")
    }
  }

  private func unproven(_ what: String) -> OperatorError {
    OperatorError(
      "header.unproven", .mismatch,
      "the header backup \(file) was read back, and \(what) than was written",
      hint: "do not count on that disk; back the header up to another one")
  }

  /// The file key that everybody on the list was given.
  private struct KnownFileKey: Identity {
    private let secret: Secret

    private final class Secret: Sendable {
      let bytes: SecretBytes
      init(_ bytes: consuming SecretBytes) { self.bytes = bytes }
    }

    init(_ fileKey: borrowing FileKey) {
      secret = Secret(fileKey.withBytes { SecretBytes(copying: $0) })
    }

    func unwrap(_ stanzas: [Stanza]) -> FileKey? {
      secret.bytes.withBytes { bytes in FileKey { $0.copy(from: bytes) } }
    }
  }
}
