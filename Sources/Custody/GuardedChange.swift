package import AgeFormat
package import CustodyRecords
package import SystemPackage
internal import TrustedHardware
package import Vocabulary

/// What surrounds every change of a volume: a backup of its header before, an entry in the custody
/// record after.
package struct GuardedChange: Sendable {
  let editor: VolumeEditor
  let record: CustodyRecord
  private let backups: BackupPlace?
  let checkpoints: Checkpoints

  /// - Parameters:
  ///   - editor: the volume.
  ///   - record: where it is recorded.
  ///   - backups: where header backups go, and who may open them; nil where nobody said.
  ///   - checkpoints: who is told of the steps.
  package init(
    _ editor: VolumeEditor, record: CustodyRecord, backups: BackupPlace?,
    checkpoints: Checkpoints
  ) {
    self.editor = editor
    self.record = record
    self.backups = backups
    self.checkpoints = checkpoints
  }

  /// Where header backups go, and who may open them.
  package struct BackupPlace: Sendable {
    let folder: FilePath
    let recipients: [any Recipient]

    package init(_ folder: FilePath, for recipients: [any Recipient]) {
      self.folder = folder
      self.recipients = recipients
    }
  }

  /// What was written around a change.
  package struct Receipt: Sendable {
    /// The header as it was before.
    package let backup: HeaderBackup
    /// The record's new head.
    package let head: RecordHead
  }

  /// Makes a change.
  ///
  /// - Parameters:
  ///   - action: what the record calls it, `luks.enroll` for example.
  ///   - details: what else the record tells; no secrets.
  ///   - change: makes it, and takes it back where it fails.
  /// - Returns: what was written around it.
  /// - Throws: `OperatorError` `header.nowhere` where nobody said where the backup goes; whatever
  ///   failed, and that, too, is recorded; `record.unended` where the change is made and only its end
  ///   could not be recorded.
  package func make(
    _ action: String, details: [String: JSONValue], change: () throws -> Void
  ) throws -> Receipt {
    let before = try editor.volume()
    let subject = CustodyAction.Subject(device: editor.path.string, uuid: before.uuid)
    let backup = try backUp()
    try checkpoints.reach(.backedUp)
    func entry(_ outcome: CustodyAction.Outcome, _ more: [String: JSONValue]) throws
      -> CustodyAction
    {
      CustodyAction(
        action, on: subject, before: try JSONDocument.value(of: WaysIn(before)),
        after: try JSONDocument.value(of: WaysIn(editor.volume())),
        details: details.merging(more) { $1 }, digests: ["headerBackup": backup.facts.ageSHA256],
        outcome: outcome)
    }
    // What cannot be recorded is not begun.
    try record.append(entry(.begun, [:]))
    do {
      try change()
    } catch {
      let code = (error as? OperatorError)?.code ?? "unexpected"
      // What failed first is what the operator is told.
      _ = try? record.append(entry(.rolledBack, ["error": .text(code)]))
      throw error
    }
    let head: RecordHead
    do {
      head = try record.append(entry(.done, [:]))
    } catch let problem as OperatorError {
      throw OperatorError(
        "record.unended", .partly,
        "the change of \(editor.path) is made and proven, and its end could not be recorded: "
          + problem.message,
        hint: "do not make it again; the record has its beginning, 'luks status' shows what is")
    }
    try checkpoints.reach(.recorded)
    return Receipt(backup: backup, head: head)
  }

  /// Where header backups go.
  ///
  /// - Throws: `OperatorError` `header.nowhere` where nobody said.
  func place() throws -> BackupPlace {
    guard let backups else {
      throw OperatorError(
        "header.nowhere", .usage, "nothing is changed without a backup of the header before",
        hint: "name a folder with --header-backup, and an officer with -r")
    }
    return backups
  }

  /// Backs the header up as it is on the disk now.
  ///
  /// - Throws: as `place`, and what a backup fails with.
  func backUp() throws -> HeaderBackup {
    let place = try place()
    return try HeaderBackup.make(
      of: LUKSDevice(editor.path), at: editor.path, into: place.folder, for: place.recipients,
      record: record)
  }

  /// Records that an earlier run's change was ended.
  package func note(_ settled: [PendingChange]) throws {
    guard !settled.isEmpty else { return }
    let volume = try editor.volume()
    try record.append(
      CustodyAction(
        "luks.settle", on: .init(device: editor.path.string, uuid: volume.uuid),
        after: JSONDocument.value(of: WaysIn(volume)),
        details: ["ended": .list(settled.map { .text($0.text) })]))
  }
}
