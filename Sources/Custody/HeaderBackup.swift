package import AgeFormat
package import CustodyRecords
internal import LocalFiles
internal import SecretMemory
package import SystemPackage
package import TrustedHardware
package import Vocabulary

/// A backup of a volume's header: an age file for the officers, which opens to what
/// `cryptsetup luksHeaderBackup` would write, and a plain file of facts beside it.
package struct HeaderBackup: Sendable {
  static let ending = ".luks-header.age"

  /// The age file.
  package let file: FilePath
  /// What is in it.
  package let facts: HeaderBackupFacts

  /// Backs a header up, proves what was written, and records it.
  ///
  /// The image is loaded and its UUID and volume-key digest held against the device's; the age file is
  /// read back from the disk and opened under the file key that the recipients got. Before that, no
  /// facts are written. Both files are durable when this returns.
  ///
  /// - Parameters:
  ///   - device: the volume, opened.
  ///   - path: where it is.
  ///   - folder: where the backup goes; made where there is none.
  ///   - recipients: who may open it.
  ///   - record: where it is recorded; the image lies in its state folder while it is proven.
  ///   - time: the time of the backup.
  /// - Returns: the backup.
  /// - Throws: `OperatorError`: `luks.reencryption` while one is under way, `header.unproven`,
  ///   `header.unwritable`, what encrypting and recording throw.
  package static func make(
    of device: borrowing LUKSDevice, at path: FilePath, into folder: FilePath,
    for recipients: [any Recipient], record: CustodyRecord, time: Timestamp = .now()
  ) throws -> HeaderBackup {
    try refuseReencryption(device.reencryption, of: "\(path)")
    do {
      try DurableFile.makeFolder(folder)
      // What lies on the disk now, which need not be what was there when the device was opened.
      var loaded = device.header
      let image = try inState(record.state) {
        try DurableFile.makeFolder(record.state)
        return try HeaderImage.copied(from: device, in: record.state) {
          loaded = try prove($0, is: device, at: path)
        }
      }
      let short = image.sha256.hex.prefix(8)
      let stem = "\(device.uuid)-\(time.compactText)-\(short)"
      let sealed = try SealedImage(
        image, called: { folder.appending("\(stem)\($0)\(ending)") }, for: recipients)
      let backup = HeaderBackup(
        file: sealed.file,
        facts: HeaderBackupFacts(
          uuid: device.uuid, device: path.string, time: time, header: loaded,
          image: HeaderBackupFacts.ImageSize(size: image.size, sha256: image.sha256),
          sealed: sealed.size, recipients: sealed.recipients))
      try backup.writeFacts(taken: .refuse)
      try record.append(backup.action(at: path), at: time)
      return backup
    } catch let error as Errno {
      throw OperatorError(
        "header.unwritable", .failed, "cannot back the header of \(path) up to \(folder): \(error)",
        hint: "is there room, and may it be written?")
    } catch let error as AgeError {
      throw error.operatorError(about: "the header backup")
    }
  }

  /// - Throws: `OperatorError` `header.unwritable`, which names the state folder, not the backup's.
  private static func inState<Result: ~Copyable>(
    _ state: FilePath, _ body: () throws -> Result
  ) throws -> Result {
    do {
      return try body()
    } catch let error as Errno {
      throw OperatorError(
        "header.unwritable", .failed, "cannot write to the state folder \(state): \(error)",
        hint: "is there room, and may it be written? --state names another")
    }
  }

  /// - Throws: `OperatorError` `luks.reencryption`.
  static func refuseReencryption(_ state: ReencryptionState, of what: String) throws {
    guard state != .none else { return }
    throw OperatorError(
      "luks.reencryption", .refused,
      "\(what) is being encrypted anew (\(state.rawValue)): a header of that time is of no use later",
      hint: "go on with what began it: 'coffer-custody luks rotate-volume-key' says what that is")
  }

  /// Loads the image, and holds it against the device.
  private static func prove(
    _ image: FilePath, is device: borrowing LUKSDevice, at path: FilePath
  ) throws -> LUKSHeader {
    let copy = try LUKSDevice(image)
    try refuseReencryption(copy.reencryption, of: "\(path)")
    guard copy.uuid == device.uuid, let digest = copy.header.volumeKeyDigest,
      digest == device.header.volumeKeyDigest
    else {
      throw OperatorError(
        "header.unproven", .mismatch,
        "the header of \(path) was copied, and the copy is of another UUID or volume key",
        hint: "something else changes the volume; look at 'coffer-custody luks status'")
    }
    return copy.header
  }

  /// The plain file beside it.
  package var factsFile: FilePath { Self.factsFile(of: file) }

  static func factsFile(of file: FilePath) -> FilePath {
    let name = file.lastComponent?.string ?? ""
    let stem = name.hasSuffix(".age") ? String(name.dropLast(".age".count)) : name
    return file.removingLastComponent().appending("\(stem).json")
  }

  func writeFacts(taken: DurableFile.Taken) throws {
    try JSONDocument.pretty(facts).withBytes {
      try DurableFile.write($0, to: factsFile, taken: taken)
    }
  }

  private func action(at path: FilePath) throws -> CustodyAction {
    var digests = ["header": facts.headerSHA256, "age": facts.ageSHA256]
    digests["volumeKey"] = facts.volumeKeyDigest
    return CustodyAction(
      Self.recordedAs, on: .init(device: path.string, uuid: facts.uuid),
      details: [
        "file": .text(LocalPath(file).canonical.string),
        "backup": try JSONDocument.value(of: facts),
      ], digests: digests)
  }

  /// What the custody record calls it.
  static let recordedAs = "luks.header-backup"
}
