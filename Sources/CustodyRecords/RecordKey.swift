internal import LocalFiles
internal import SecretMemory
internal import Signatures
internal import SystemPackage
internal import Vocabulary

/// The key pair that signs the record, made on first use.
struct RecordKey {
  private let folder: RecordFolder

  init(_ folder: RecordFolder) {
    self.folder = folder
  }

  /// The secret half, mode 0600; its public half lies beside it afterwards.
  ///
  /// - Parameter isNew: whether there is no entry yet; a record is not gone on with under another key.
  /// - Returns: the key.
  /// - Throws: `OperatorError` `record.key`, or `Errno`.
  func signing(isNew: Bool) throws -> SigningKey {
    let key: SigningKey
    if LocalPath(folder.key).exists {
      key = try read()
    } else if isNew {
      key = SigningKey.generate()
      try key.withText { try DurableFile.write($0, to: folder.key, taken: .refuse) }
    } else {
      throw OperatorError(
        "record.key", .untrusted, "\(folder.key) is missing, and the record has entries",
        hint: "put the key back, or move the record away and keep it; a new one begins then")
    }
    try publish(key.verifyingKey)
    return key
  }

  /// The public half that lies beside the record; who can change the record can change it, too.
  func verifying() throws -> VerifyingKey {
    guard let bytes = try folder.read(folder.publicKey) else {
      throw OperatorError(
        "record.key", .untrusted, "there is no public key \(folder.publicKey)",
        hint: "name the one that was noted by --trust")
    }
    do {
      return try VerifyingKey(parsing: String(decoding: bytes, as: UTF8.self))
    } catch {
      throw OperatorError("record.key", .untrusted, "\(folder.publicKey): \(error)")
    }
  }

  private func read() throws -> SigningKey {
    do {
      return try SecretFile.read(folder.key).withBytes { text throws(SignatureError) in
        try SigningKey(parsing: text)
      }
    } catch let error as SignatureError {
      throw OperatorError("record.key", .untrusted, "\(folder.key): \(error)")
    }
  }

  private func publish(_ key: VerifyingKey) throws {
    let text = Array(key.text.utf8)
    guard try folder.read(folder.publicKey) != text else { return }
    try text.withBytes {
      try DurableFile.write(
        $0, to: folder.publicKey, mode: [.ownerReadWrite, .groupRead, .otherRead])
    }
  }
}
