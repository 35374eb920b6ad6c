import AgeFormat
import ArgumentParser
import Custody
import OperatorConsole
import SystemPackage
import TrustedHardware
import Vocabulary

/// Restores a header.
struct HeaderRestoreVerb: CofferVerb {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Write a header backup over the header of a volume.",
    discussion: """
      Shows what would come back to life and what would be lost, and writes only with --force and the \
      UUID of the volume, typed or given by --uuid. A backup of another volume key is refused, and \
      nothing overrides that: its passphrases would open, and the data would be garbage. Where the \
      device has no readable header left, volume keys cannot be compared; what could not be checked \
      is then said. What is there now is saved first, beside the backup or where --save-to says, \
      encrypted to the identities that open the backup and to -r and -R.
      """)

  @Argument(help: "The LUKS2 volume: a block device or an image file.", completion: .file())
  var device: String

  @Option(name: .customLong("from"), help: "The backup.", completion: .file())
  var file: String

  @Option(
    help: "The folder to save what is there now to; the backup's own if not given.",
    completion: .directory)
  var saveTo: String?

  @Flag(help: "Write.")
  var force = false

  @Option(help: "The UUID of the volume; asked for at the terminal if not given.")
  var uuid: String?

  @Flag(help: "Show what would be done, and do nothing.")
  var dryRun = false

  @OptionGroup var identity: IdentityOption
  @OptionGroup var recipients: RecipientOptions
  @OptionGroup var state: StateOption
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if identity.identity.isEmpty {
      throw ValidationError("name the identity that opens the backup by --identity")
    }
    if identity.identity.contains("-") {
      throw ValidationError("an identity is read twice, and standard input is not: name a file")
    }
    if dryRun, force { throw ValidationError("--dry-run and --force exclude each other") }
  }

  func perform(_ context: ToolContext) throws -> ExitStatus {
    // A plan repairs nothing.
    if !force { LUKSDevice.renounceRepair() }
    let path = FilePath(file)
    let restore = try HeaderRestore(
      of: path, to: FilePath(device), with: identity.all(), record: state.record())
    for line in text(restore) { context.console.say(line) }
    context.console.emit(PlanLine(restore))
    if dryRun { return .done }
    guard force else {
      throw OperatorError(
        "header.not-confirmed", .refused, "nothing was written: --force is missing",
        hint: "add --force, and --uuid \(restore.uuid) where nobody can be asked")
    }
    let typed =
      try uuid
      ?? OfficerDialogue.current(otherwise: "--uuid gives it").ask(
        "Type the UUID of the volume whose header is to be replaced:")
    guard typed.lowercased() == restore.uuid.lowercased() else {
      throw OperatorError(
        "header.not-confirmed", .refused,
        "nothing was written: that is not the UUID of the backup's volume")
    }
    let saved = try restore.apply(
      savingTo: saveTo.map { FilePath($0) } ?? path.removingLastComponent(),
      for: recipients.all(and: identity.identity))
    context.console.say("restored, read back and compared; what was there is saved in \(saved)")
    context.console.emit(DoneLine(uuid: restore.uuid, saved: saved.string))
    return .done
  }

  private func text(_ restore: borrowing HeaderRestore) -> [String] {
    let present =
      switch restore.present {
      case .header(let uuid): "a header of the same volume key, uuid \(uuid)"
      case .none: "no readable header"
      }
    let changes = Words.changes(restore.difference)
    var lines = [
      "restore of \(restore.file) to \(restore.device)",
      "  uuid          \(restore.uuid)",
      "  made          \(restore.time.map { "\($0)" } ?? "not known")",
      "  volume key    \(restore.volumeKeyDigest)",
      "  there now     \(present)",
      "  a restore     \(changes.first ?? "would change no keyslot and no token")",
    ]
    lines += changes.dropFirst().map { "                \($0)" }
    return lines + restore.unchecked.map { "  not checked   \($0)" }
  }

  private struct PlanLine: Encodable {
    let event = "header-restore-plan"
    let file: String
    let device: String
    let uuid: String
    let time: Timestamp?
    let volumeKeyDigest: SHA256Digest
    let hasHeader: Bool
    let changes: HeaderDifference
    let unchecked: [String]

    init(_ restore: borrowing HeaderRestore) {
      (file, device) = (restore.file.string, restore.device.string)
      (uuid, time, volumeKeyDigest) = (restore.uuid, restore.time, restore.volumeKeyDigest)
      if case .header = restore.present { hasHeader = true } else { hasHeader = false }
      (changes, unchecked) = (restore.difference, restore.unchecked)
    }
  }

  private struct DoneLine: Encodable {
    let event = "header-restored"
    let uuid: String
    let saved: String
  }
}
