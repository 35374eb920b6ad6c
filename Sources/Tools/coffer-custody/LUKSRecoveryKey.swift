import ArgumentParser
import Custody
import LocalFiles
import OperatorConsole
import SecretMemory
import SystemPackage
import TrustedHardware
import Vocabulary

/// Makes a recovery key.
struct LUKSRecoveryKey: CofferVerb {
  static let configuration = CommandConfiguration(
    commandName: "recovery-key",
    abstract: "Add a recovery key, which counts once it has been typed back.",
    discussion: """
      It is systemd's: 256 bits in modhex, 64 letters with a dash after every eight, and a token that \
      systemd-cryptenroll lists. It is shown once, at the terminal, or written to --key-output, and \
      nowhere else. Then it is typed back at the terminal, or read from --typed-back; if it is not the \
      same, its keyslot is taken away again. At boot it must be typed in lower case, with its dashes.
      """)

  @Argument(help: "The LUKS2 volume: a block device or an image file.", completion: .file())
  var device: String

  @Option(
    help:
      "Write the key to this new file, mode 0600, instead of the terminal; - is standard output.",
    completion: .file())
  var keyOutput: String?

  @Option(
    help: "Read what is typed back from this file instead of the terminal; - is standard input.",
    completion: .file())
  var typedBack: String?

  @OptionGroup var unlock: UnlockOptions
  @OptionGroup var change: ChangeOptions
  @OptionGroup var output: OutputOptions

  func perform(_ context: ToolContext) throws -> ExitStatus {
    LUKSDevice.renouncePlugins()
    let (editor, guarded) = try change.begin(device, context)
    let volume = try editor.volume()
    let place = try FreePlace(in: volume)
    context.console.say("plan for \(volume.device) (\(volume.uuid))")
    context.console.say("  recovery key  keyslot \(place.keyslot), new; token \(place.token)")
    guard !change.dryRun else { return .done }
    try change.confirm("Make a recovery key?")
    let key = try unlock.volumeKey(of: editor.path)
    let receipt = try guarded.make(
      "luks.recovery-key", details: ["keyslot": .integer(place.keyslot)]
    ) {
      do {
        try RecoveryKeyEnrollment(editor).apply(
          with: key, at: place, show: { try show($0) }, typed: { try typed() })
      } catch let error as OperatorError where error.code == "recovery.not-typed-back" {
        // A key that opens nothing is not to be kept for one that does.
        try takeBack(context.console)
        throw error
      }
    }
    let report = ChangeReport(
      "recovery-key", volume, keyslot: place.keyslot, token: place.token, receipt)
    context.console.say("keyslot \(place.keyslot) opens by the recovery key that was typed back")
    for line in report.lines { context.console.say(line) }
    context.console.emit(report)
    return .done
  }

  private func takeBack(_ console: Console) throws {
    guard let keyOutput, keyOutput != "-" else { return }
    do {
      try LocalPath(FilePath(keyOutput)).remove()
    } catch let error as Errno {
      console.warn("\(keyOutput), whose key opens nothing, cannot be removed: \(error)")
    }
  }

  private func show(_ key: borrowing RecoveryKey) throws {
    guard let keyOutput else {
      return try TerminalDialogue(otherwise: "--key-output names a file for the key").show(
        key.text, after: "The recovery key of \(device), shown this once; write it down:")
    }
    if keyOutput == "-" {
      try SecretFile.write(key.text, to: FileDescriptor.standardOutput)
    } else {
      try SecretFile.write(key.text, to: FilePath(keyOutput))
    }
  }

  private func typed() throws -> SecretBytes {
    guard let typedBack else {
      return try TerminalDialogue(otherwise: "--typed-back names a file with what is typed back")
        .askSecret("Type it back:")
    }
    return try SecretFile.read(FilePath(typedBack))
  }
}
