import ArgumentParser
import Custody
import OperatorConsole
import SystemPackage
import TrustedHardware
import Vocabulary

/// Shows what opens a volume.
struct LUKSStatus: CofferVerb {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show what opens a volume, the TPM behind it, and what is wrong with either.",
    discussion: """
      Nothing is unlocked and nothing is changed, neither in the header nor in the TPM. The exit \
      code is 0 whatever is found; findings have a severity: info, warning, bad.
      """)

  @Argument(help: "The LUKS2 volume: a block device or an image file.", completion: .file())
  var device: String

  @Option(
    help: ArgumentHelp(
      "A folder with backups of headers; those that the custody record names are known without it.",
      valueName: "folder"),
    completion: .directory)
  var headerBackup: String?

  @OptionGroup var signature: SignatureOption
  @OptionGroup var tpm: TPMOption
  @OptionGroup var state: StateOption
  @OptionGroup var output: OutputOptions

  func perform(_ context: ToolContext) throws -> ExitStatus {
    LUKSDevice.renounceRepair()
    let path = FilePath(device)
    let opened = try LUKSDevice(path)
    let volume = Volume(opened, at: path)
    let header = try HeaderState(
      of: opened, at: path,
      history: HeaderBackupHistory(of: opened.uuid, in: try? state.record()),
      folder: headerBackup.map { HeaderBackupFolder(FilePath($0)) })
    let status = VolumeStatus(
      volume, try tpm.ask(for: volume, signature.signatures()), header: header,
      dates: EnrollmentDates(of: opened.uuid, in: try? state.record()))
    for line in StatusText(status).lines { context.console.say(line) }
    context.console.emit(status)
    return .done
  }
}
