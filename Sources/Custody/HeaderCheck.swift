package import AgeFormat
package import CustodyRecords
internal import SystemPackage
package import TrustedHardware
package import Vocabulary

/// What a header backup is worth to a device now.
package struct HeaderCheck: Sendable {
  /// The backup.
  package let backup: StoredHeaderBackup
  /// When it was made; nil where no facts lie beside it.
  package let time: Timestamp?
  /// How many whole days ago.
  package let ageDays: Int?
  /// Whether it is of the device's volume key; nil where that is not known.
  package let isOfVolumeKey: Bool?
  /// What its restore would change; nil where that is not known.
  package let difference: HeaderDifference?
  /// Set where it must not be restored any more.
  package let expired: HeaderBackupFacts.Expiry?
  /// Whether it was decrypted and loaded.
  package let wasOpened: Bool
  /// What is wrong with it.
  package let problem: OperatorError?

  /// Whether a restore of it would be let through.
  package var isUsable: Bool { problem == nil && expired == nil && isOfVolumeKey == true }

  /// Looks at a backup.
  ///
  /// - Parameters:
  ///   - backup: the backup.
  ///   - device: the volume, opened.
  ///   - identities: what opens the backup; where there is none, the facts beside it are believed,
  ///     and only the age file's hash is checked.
  ///   - history: what the record knows.
  ///   - record: in whose state folder the image is loaded.
  ///   - now: what age is counted from.
  package init(
    _ backup: StoredHeaderBackup, for device: borrowing LUKSDevice,
    with identities: [any Identity], history: HeaderBackupHistory, record: CustodyRecord,
    now: Timestamp = .now()
  ) {
    self.backup = backup
    let facts = backup.facts
    time = facts?.time
    ageDays = facts.map { $0.time.days(until: now) }
    expired = facts.flatMap { history.expiry(of: $0) }
    do {
      if identities.isEmpty {
        _ = try backup.bytes()
        guard let facts else { throw Self.withoutFacts(backup) }
        (isOfVolumeKey, difference) = (
          facts.volumeKeyDigest == device.header.volumeKeyDigest,
          HeaderDifference(of: facts, to: device.header)
        )
        (wasOpened, problem) = (false, nil)
      } else {
        let opened = try OpenedHeaderBackup(backup, with: identities, in: record.state)
        guard opened.uuid == device.uuid else {
          throw backup.damaged("is of the volume \(opened.uuid)")
        }
        try HeaderBackup.refuseReencryption(opened.reencryption, of: "\(backup.file)")
        (isOfVolumeKey, difference) = (
          opened.header.volumeKeyDigest == device.header.volumeKeyDigest,
          HeaderDifference(of: opened.header, to: device.header)
        )
        (wasOpened, problem) = (true, nil)
      }
    } catch let error as OperatorError {
      (isOfVolumeKey, difference, wasOpened, problem) = (nil, nil, false, error)
    } catch {
      let unforeseen = OperatorError("header.unreadable", .failed, "\(backup.file): \(error)")
      (isOfVolumeKey, difference, wasOpened, problem) = (nil, nil, false, unforeseen)
    }
  }

  private static func withoutFacts(_ backup: StoredHeaderBackup) -> OperatorError {
    OperatorError(
      "header.no-facts", .failed, "no readable file of facts lies beside \(backup.file)",
      hint: "name an identity that opens it by --identity")
  }
}

extension HeaderCheck: Encodable {
  package func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Field.self)
    try fields.encode("header-backup", forKey: .event)
    try fields.encode(backup.file.string, forKey: .file)
    try fields.encode(time, forKey: .time)
    try fields.encode(ageDays, forKey: .ageDays)
    try fields.encode(backup.facts?.volumeKeyDigest, forKey: .volumeKeyDigest)
    try fields.encode(backup.facts?.headerSHA256, forKey: .headerSHA256)
    try fields.encode(backup.facts?.recipients, forKey: .recipients)
    try fields.encode(isOfVolumeKey, forKey: .sameVolumeKey)
    try fields.encode(difference, forKey: .difference)
    try fields.encode(expired, forKey: .expired)
    try fields.encode(wasOpened, forKey: .opened)
    try fields.encode(isUsable, forKey: .usable)
    try fields.encode(problem?.code, forKey: .code)
    try fields.encode(problem?.message, forKey: .problem)
  }

  private enum Field: CodingKey {
    case event, file, time, ageDays, volumeKeyDigest, headerSHA256, recipients, sameVolumeKey
    case difference, expired, opened, usable, code, problem
  }
}

extension Timestamp {
  /// Whole days from this moment to another; never negative.
  func days(until other: Timestamp) -> Int {
    max(0, (other.secondsSince1970 - secondsSince1970) / 86_400)
  }
}
