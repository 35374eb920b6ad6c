package import SystemPackage
package import TrustedHardware
package import Vocabulary

/// How well a volume's header is kept: its two copies, and its last backup.
package struct HeaderState: Sendable {
  /// The newest backup that is known.
  package struct Backup: Sendable, Encodable {
    /// When it was made.
    package let time: Timestamp
    /// How many whole days ago.
    package let ageDays: Int
    /// Whether it is of the device's volume key, and was not marked as expired.
    package let matches: Bool
    /// Whether it has the device's keyslots, and no other.
    package let sameKeyslots: Bool
    /// Where it is, or was when it was made.
    package let file: String
  }

  /// The copies.
  package let copies: LUKSHeaderCopies
  /// The newest backup; nil where none is known.
  package let backup: Backup?
  /// What is wrong with the custody record.
  package let problem: OperatorError?

  /// Looks at a header.
  ///
  /// - Parameters:
  ///   - device: the volume, opened.
  ///   - path: where it is.
  ///   - history: what the custody record knows of its backups.
  ///   - folder: where backups of it may lie.
  ///   - now: what age is counted from.
  /// - Throws: `OperatorError` `luks.unreadable` or `header.unreadable`.
  package init(
    of device: borrowing LUKSDevice, at path: FilePath, history: HeaderBackupHistory,
    folder: HeaderBackupFolder?, now: Timestamp = .now()
  ) throws {
    copies = try LUKSHeaderCopies(of: path)
    problem = history.problem
    let stored = try folder?.backups(of: device.uuid) ?? []
    var known = history.made.map { (facts: $0.facts, file: $0.file) }
    for stored in stored {
      if let facts = stored.facts { known.append((facts, stored.file.string)) }
    }
    // Of two of one second, the last is meant.
    let newest = known.enumerated().max {
      ($0.element.facts.time, $0.offset) < ($1.element.facts.time, $1.offset)
    }?.element
    let header = device.header
    backup = newest.map { facts, file in
      Backup(
        time: facts.time, ageDays: facts.time.days(until: now),
        matches: header.volumeKeyDigests.contains { $0 == facts.volumeKeyDigest }
          && history.expiry(of: facts) == nil,
        sameKeyslots: HeaderDifference(of: facts, to: header).hasSameKeyslots, file: file)
    }
  }
}
