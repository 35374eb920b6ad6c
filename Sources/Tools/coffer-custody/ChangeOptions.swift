import AgeFormat
import ArgumentParser
import Custody
import CustodyRecords
import FileEncryption
import Glibc
import OperatorConsole
import SystemPackage
import Vocabulary

/// What every verb that changes a volume needs: where its header is backed up, for whom, where the
/// change is recorded, and whether the officer agreed.
struct ChangeOptions: ParsableArguments {
  @Option(
    help: "The folder that the header's backup goes to before anything is changed.",
    completion: .directory)
  var headerBackup: String?

  @Option(
    name: [.customShort("r"), .customLong("recipient")],
    help: "An officer who may open the header's backup (age1…); may be repeated.")
  var recipients: [String] = []

  @Option(
    name: [.customShort("R"), .customLong("recipients-file")],
    help: "A file of such recipients, one a line.", completion: .file())
  var recipientsFiles: [String] = []

  @OptionGroup var state: StateOption

  @Flag(name: .customLong("yes"), help: "Do it without asking.")
  var isAgreed = false

  @Flag(help: "Show what would be done, and do nothing.")
  var dryRun = false

  /// Gets ready to change a volume: whom it is backed up for is known, nobody else changes it, and what
  /// an earlier run left is ended, unless nothing is to be done.
  func begin(_ device: String, _ context: ToolContext) throws -> (VolumeEditor, GuardedChange) {
    let backups = try backupPlace()
    let path = FilePath(device)
    let editor = try VolumeEditor(path, checkpoints: FaultInjection.checkpoints)
    let change = GuardedChange(
      editor, record: try state.record(), backups: backups,
      checkpoints: FaultInjection.checkpoints)
    if !dryRun {
      let settled = try editor.settle()
      for ended in settled {
        context.console.warn("an earlier run was cut off: \(ended.text); that is ended now")
      }
      try change.note(settled)
    }
    return (editor, change)
  }

  private func backupPlace() throws -> GuardedChange.BackupPlace? {
    let keys = CryptKeys(
      recipients: recipients, recipientsFiles: recipientsFiles, identities: [], plugins: [],
      dialogue: TerminalDialogue())
    let officers = try keys.forEncryption()
    guard let headerBackup, !officers.isEmpty else { return nil }
    return GuardedChange.BackupPlace(FilePath(headerBackup), for: officers)
  }

  /// Asks whether to go on, where nobody said so.
  ///
  /// - Throws: `OperatorError` `change.not-agreed`, `dialogue.no-terminal`.
  func confirm(_ question: String) throws {
    guard !isAgreed else { return }
    let answer = try TerminalDialogue().ask("\(question) Type 'yes' to go on:")
    guard answer == "yes" else {
      throw OperatorError("change.not-agreed", .refused, "nothing was done")
    }
  }
}

/// Where the custody record is.
struct StateOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The folder of the custody record.",
      discussion: "Without it $COFFER_CUSTODY_STATE, or /var/lib/coffer/custody for root and "
        + "~/.local/state/coffer/custody for others."),
    completion: .directory)
  var state: String?

  /// The record.
  ///
  /// - Throws: `OperatorError` `record.no-state`.
  func record() throws -> CustodyRecord {
    CustodyRecord(at: try folder(), tool: "coffer-custody", version: cofferVersion)
  }

  private func folder() throws -> FilePath {
    if let state { return FilePath(state) }
    if let named = unsafe getenv("COFFER_CUSTODY_STATE") {
      return FilePath(unsafe String(cString: named))
    }
    guard let folder = CustodyRecord.defaultState() else {
      throw OperatorError(
        "record.no-state", .usage, "there is no home to keep the custody record in",
        hint: "name a folder with --state")
    }
    return folder
  }
}
