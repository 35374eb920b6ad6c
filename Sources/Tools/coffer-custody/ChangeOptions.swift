import AgeFormat
import ArgumentParser
import Custody
import CustodyRecords
import OperatorConsole
import Recipients
import SystemPackage
import Vocabulary

/// What every verb that changes a volume needs: where its header is backed up, for whom, where the
/// change is recorded, and whether the officer agreed.
struct ChangeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The folder that the header's backup goes to before anything is changed.",
      discussion: "Without it, and without a recipient, those of the last backup of the volume."),
    completion: .directory)
  var headerBackup: String?

  @OptionGroup var recipients: RecipientOptions
  @OptionGroup var state: StateOption

  @Flag(name: .customLong("yes"), help: "Do it without asking.")
  var isAgreed = false

  @Flag(help: "Show what would be done, and do nothing.")
  var dryRun = false

  /// Gets ready to change a volume: whom it is backed up for is known, nobody else changes it, and what
  /// an earlier run left is ended, unless nothing is to be done.
  ///
  /// - Parameters:
  ///   - device: the volume.
  ///   - context: whom what was ended is told to.
  ///   - isRotating: whether a change of the volume key that is under way is taken, as it is.
  /// - Returns: who changes the volume, and what surrounds the change.
  /// - Throws: `OperatorError` of the kinds that volumes and recipients fail with.
  func begin(
    _ device: String, _ context: ToolContext, isRotating: Bool = false
  ) throws -> (VolumeEditor, GuardedChange) {
    let editor = try VolumeEditor(
      FilePath(device), checkpoints: FaultInjection.checkpoints, isRotating: isRotating)
    let record = try state.record()
    if !dryRun { try record.mend() }
    let change = GuardedChange(
      editor, record: record, backups: try backupPlace(of: editor.volume(), record),
      checkpoints: FaultInjection.checkpoints)
    if try !dryRun && !(isRotating && editor.rotationUnderWay() != nil) {
      let settled = try editor.settle()
      for ended in settled {
        context.console.warn("an earlier run was cut off: \(ended.text); that is ended now")
      }
      try change.note(settled)
    }
    return (editor, change)
  }

  /// Where the header is backed up: as was said, and as the last backup of the volume was made for what
  /// was not said.
  private func backupPlace(
    of volume: Volume, _ record: CustodyRecord
  ) throws -> GuardedChange.BackupPlace? {
    let last = HeaderBackupHistory(of: volume.uuid, in: record).made.last
    let folder = headerBackup.map { FilePath($0) }
    var officers = try recipients.all()
    if officers.isEmpty, let last {
      officers = try last.facts.recipients.map {
        try RecipientRegistry.parse($0, asking: OfficerDialogue.current())
      }
    }
    guard !officers.isEmpty,
      let place = folder ?? last.map({ FilePath($0.file).removingLastComponent() })
    else { return nil }
    return GuardedChange.BackupPlace(place, for: officers)
  }

  /// Asks whether to go on, where nobody said so.
  ///
  /// - Throws: `OperatorError` `change.not-agreed`, `dialogue.no-terminal`.
  func confirm(_ question: String) throws {
    guard !isAgreed else { return }
    let officer = TerminalDialogue(
      otherwise: "--yes agrees beforehand, --dry-run shows the plan alone")
    let answer = try officer.ask("\(question) Type 'yes' to go on:")
    guard answer == "yes" else {
      throw OperatorError("change.not-agreed", .refused, "nothing was done")
    }
  }
}
