import ArgumentParser
import Custody
import CustodyRecords
import OperatorConsole
import SystemPackage
import TrustedHardware
import Vocabulary

/// Looks at the backups of a header.
struct HeaderCheckVerb: CofferVerb {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Show the header backups of a volume, and what each is worth now.",
    discussion: """
      Without an identity, the plain facts beside each backup are believed, and its SHA-256 is \
      checked. With one, each is decrypted, loaded and compared. Exits with 4 where a backup is \
      damaged or none could be restored now, with 5 where there is none, with 12 where no identity \
      opens any.
      """)

  @Argument(help: "The LUKS2 volume: a block device or an image file.", completion: .file())
  var device: String

  @Option(name: .customLong("from"), help: "The folder with the backups.", completion: .directory)
  var folder: String

  @OptionGroup var identity: IdentityOption
  @OptionGroup var state: StateOption
  @OptionGroup var output: OutputOptions

  func perform(_ context: ToolContext) throws -> ExitStatus {
    LUKSDevice.renounceRepair()
    let volume = try LUKSDevice(FilePath(device))
    let record = try state.record()
    let history = HeaderBackupHistory(of: volume.uuid, in: record)
    if let problem = history.problem { context.console.warn("\(problem)") }
    let backups = try HeaderBackupFolder(FilePath(folder)).backups(of: volume.uuid)
    guard !backups.isEmpty else {
      throw OperatorError(
        "header.none", .nothingDone, "\(folder) holds no header backup of \(volume.uuid)",
        hint: "'coffer-custody luks header backup' makes one")
    }
    let identities = try identity.all()
    var checks: [HeaderCheck] = []
    for backup in backups {
      let check = HeaderCheck(
        backup, for: volume, with: identities, history: history, record: record)
      for line in text(check) { context.console.say(line) }
      context.console.emit(check)
      checks.append(check)
    }
    return status(of: checks)
  }

  private func status(of checks: [HeaderCheck]) -> ExitStatus {
    let problems = checks.compactMap(\.problem?.status)
    if problems.count == checks.count, problems.allSatisfy({ $0 == .noIdentity }) {
      return .noIdentity
    }
    let isDamaged = problems.contains { $0 != .noIdentity }
    return isDamaged || !checks.contains(where: \.isUsable) ? .mismatch : .done
  }

  private func text(_ check: HeaderCheck) -> [String] {
    let age = check.ageDays.map { "\($0) days ago" } ?? ""
    let key =
      switch check.isOfVolumeKey {
      case true?: "the device's"
      case false?: "another than the device's"
      case nil: "not known"
      }
    var lines = [
      "\(check.backup.file)",
      "  made          \(check.time.map { "\($0), \(age)" } ?? "not known")",
      "  volume key    \(key)",
    ]
    if let difference = check.difference {
      let changes = Words.changes(difference)
      lines.append("  a restore     " + (changes.first ?? "would change nothing"))
      lines += changes.dropFirst().map { "                \($0)" }
    }
    if let expired = check.expired {
      lines.append("  expired       \(expired.time), \(expired.reason)")
    }
    if let problem = check.problem {
      lines.append("  wrong         \(problem)")
    } else {
      lines.append(
        "  opened        "
          + (check.wasOpened ? "yes, and it is what it should be" : "no, no identity was given"))
    }
    return lines + ["  to be used    \(check.isUsable ? "yes" : "no")"]
  }
}
