package import CustodyRecords
internal import LocalFiles
package import SystemPackage
package import Vocabulary

extension HeaderBackup {
  /// Marks every backup of a volume that was made until now as one that must not be restored: its
  /// volume key is no longer that of the data, or it would bring back what was retired.
  ///
  /// The record comes first: it counts for backups that lie elsewhere, too. Then the files of facts
  /// that can be reached are marked; one that cannot be written is passed over and named.
  ///
  /// - Parameters:
  ///   - uuid: the volume's.
  ///   - device: its path, for the record.
  ///   - folders: where backups of it may lie.
  ///   - reason: one sentence, for who wants to restore one.
  ///   - record: the custody record.
  ///   - time: the time of the mark.
  /// - Returns: the backups that were marked, and those whose files could not be.
  /// - Throws: `OperatorError`, what appending and listing throw.
  package static func expireAll(
    of uuid: String, on device: FilePath, in folders: [FilePath], reason: String,
    record: CustodyRecord, time: Timestamp = .now()
  ) throws -> (marked: [FilePath], unmarked: [FilePath]) {
    let found = try folders.flatMap { try HeaderBackupFolder($0).backups(of: uuid) }
    let names = found.compactMap { $0.file.lastComponent.map { JSONValue.text($0.string) } }
    try record.append(
      CustodyAction(
        HeaderBackupHistory.expiredAs, on: .init(device: device.string, uuid: uuid),
        details: ["reason": .text(reason), "found": .list(names)]), at: time)
    var (marked, unmarked): ([FilePath], [FilePath]) = ([], [])
    for backup in found {
      guard var facts = backup.facts else {
        unmarked.append(backup.file)
        continue
      }
      if facts.expired == nil {
        facts.expired = HeaderBackupFacts.Expiry(time: time, reason: reason)
      }
      do {
        try HeaderBackup(file: backup.file, facts: facts).writeFacts(taken: .replace)
        marked.append(backup.file)
      } catch is Errno {
        unmarked.append(backup.file)
      }
    }
    return (marked, unmarked)
  }
}
