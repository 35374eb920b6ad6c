package import AgeFormat
package import CustodyRecords
internal import LocalFiles
internal import SecretMemory
package import SystemPackage
internal import TrustedHardware
package import Vocabulary

/// The restore of a header, planned: the backup decrypted, loaded and held against the device, and
/// nothing written yet.
///
/// A header of another volume key 'opens' with its passphrases, and what comes out is garbage that is
/// then written over; one of an earlier day brings back what was retired. libcryptsetup refuses
/// neither.
package struct HeaderRestore: ~Copyable {
  /// What has the header's place now.
  package enum Present: Sendable {
    /// A header of the same volume key.
    case header(uuid: String)
    /// None that can be read, and why; the volume keys could not be compared.
    case none(OperatorError)
  }

  /// The device.
  package let device: FilePath
  /// The age file.
  package let file: FilePath
  /// The UUID of the backup's volume.
  package let uuid: String
  /// The backup's volume-key digest.
  package let volumeKeyDigest: SHA256Digest
  /// When the backup was made; nil where no facts lie beside it.
  package let time: Timestamp?
  /// What is there now.
  package let present: Present
  /// What would change.
  package let difference: HeaderDifference
  /// What could not be checked, one sentence each.
  package let unchecked: [String]

  private let opened: OpenedHeaderBackup
  private let record: CustodyRecord

  /// Plans.
  ///
  /// - Parameters:
  ///   - file: the age file.
  ///   - device: a block device or an image file.
  ///   - identities: what opens the backup.
  ///   - record: what it knows of the volume counts; the image lies in its state folder.
  /// - Throws: `OperatorError`: `header.other-volume-key`, `header.expired`, `luks.reencryption`,
  ///   `header.backup-damaged`, `header.unreadable`, and what decrypting and opening the device throw.
  package init(
    of file: FilePath, to device: FilePath, with identities: [any Identity],
    record: CustodyRecord
  ) throws {
    let stored = StoredHeaderBackup(file)
    let opened = try OpenedHeaderBackup(stored, with: identities, in: record.state)
    try HeaderBackup.refuseReencryption(opened.reencryption, of: "the volume of the backup")
    guard let digest = opened.header.volumeKeyDigest else {
      throw stored.damaged("is of no volume key, or of several")
    }
    let history = HeaderBackupHistory(of: opened.uuid, in: record)
    // Where nothing lies beside the backup, the record may know it.
    let facts = try stored.facts ?? history.facts(ofAge: SHA256Hasher.digest(of: stored.bytes()))
    if let expired = facts.flatMap({ history.expiry(of: $0) }) {
      throw OperatorError(
        "header.expired", .refused,
        "the backup \(file) expired at \(expired.time): \(expired.reason)",
        hint: "take one that was made after that")
    }
    let (present, header) = try Self.present(on: device, digest, history)
    self.difference = HeaderDifference(of: opened.header, to: header)
    self.unchecked = Self.unchecked(present, facts, history)
    (self.device, self.file, uuid, volumeKeyDigest) = (device, file, opened.uuid, digest)
    time = facts?.time
    self.present = present
    self.opened = opened
    self.record = record
  }

  /// Saves what is there, restores, reads back and records.
  ///
  /// - Parameters:
  ///   - folder: where what is there now is saved to: as a header backup, or where there is no header
  ///     as the raw bytes that are written over, `….overwritten.age`.
  ///   - recipients: who may open that.
  ///   - time: the time in its name.
  /// - Returns: the file in which it was saved.
  /// - Throws: `OperatorError`: `header.moved` where the device has changed since; what saving,
  ///   writing and recording throw; `header.restore-mismatch` where what is on the device then is not
  ///   what was written.
  package func apply(
    savingTo folder: FilePath, for recipients: [any Recipient], time: Timestamp = .now()
  ) throws -> FilePath {
    let saved = try save(to: folder, recipients, time)
    let digests = ["volumeKey": volumeKeyDigest, "header": opened.image.sha256]
    func action(_ outcome: CustodyAction.Outcome) throws -> CustodyAction {
      CustodyAction(
        "luks.header-restore", on: .init(device: device.string, uuid: uuid),
        details: [
          "file": .text(LocalPath(file).canonical.string),
          "saved": .text(LocalPath(saved).canonical.string),
          "changes": try JSONDocument.value(of: difference),
          "unchecked": .list(unchecked.map { .text($0) }),
        ], digests: digests, outcome: outcome)
    }
    try record.append(action(.begun))
    do {
      try LUKSDevice.writeHeader(from: opened.image.file, over: device)
      try readBack()
    } catch {
      try record.append(action(.failed))
      throw error
    }
    try record.append(action(.done))
    return saved
  }

  private func save(
    to folder: FilePath, _ recipients: [any Recipient], _ time: Timestamp
  ) throws -> FilePath {
    switch present {
    case .header(let known):
      let opened = try LUKSDevice(device)
      guard opened.uuid == known, opened.header.volumeKeyDigest == volumeKeyDigest else {
        throw moved()
      }
      return try HeaderBackup.make(
        of: opened, at: device, into: folder, for: recipients, record: record, time: time
      ).file
    case .none:
      do {
        try DurableFile.makeFolder(folder)
        let stem = "\(uuid)-\(time.compactText)"
        let image = try HeaderImage.start(of: device, count: opened.image.size, in: record.state)
        return try SealedImage(
          image, called: { folder.appending("\(stem)\($0).overwritten.age") }, for: recipients
        ).file
      } catch let error as Errno {
        throw OperatorError(
          "header.unwritable", .failed, "cannot save what is on \(device) to \(folder): \(error)")
      } catch let error as AgeError {
        throw error.operatorError(about: "what is on \(device)")
      }
    }
  }

  private func readBack() throws {
    let written = try LocalPath(device).start(opened.image.size)
    let image = try opened.image.withBytes { SHA256Hasher.digest(of: $0) }
    let now = try LUKSDevice(device)
    guard SHA256Hasher.digest(of: written) == image, now.uuid == uuid,
      now.header.volumeKeyDigest == volumeKeyDigest
    else {
      throw OperatorError(
        "header.restore-mismatch", .mismatch,
        "the header that is on \(device) now is not the one that was written",
        hint: "do not count on that disk; what was there before is saved")
    }
  }

  private func moved() -> OperatorError {
    OperatorError(
      "header.moved", .refused, "the header of \(device) changed while the restore was planned",
      hint: "run it again, and look at what it shows")
  }
}
