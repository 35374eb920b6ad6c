import ArgumentParser
import Custody
import OperatorConsole
import SystemPackage
import TrustedHardware
import Vocabulary

/// Backs a header up.
struct HeaderBackupVerb: CofferVerb {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Back the header of a volume up, encrypted to the officers.",
    discussion: """
      What is written is an age file, which 'age -d' opens to what 'cryptsetup luksHeaderBackup' \
      would have written, and a plain file of facts beside it. It counts only when the image was \
      loaded and held against the volume, and the file was read back from its disk. With a header and \
      a passphrase or a TPM that once opened it, the data is open for ever: keep backups as you \
      keep keys. Refused while the volume is being encrypted anew.
      """)

  @Argument(help: "The LUKS2 volume: a block device or an image file.", completion: .file())
  var device: String

  @Option(help: "The folder to write to.", completion: .directory)
  var to: String

  @OptionGroup var recipients: RecipientOptions
  @OptionGroup var state: StateOption
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if recipients.isEmpty { throw ValidationError("nobody to encrypt to: give -r or -R") }
  }

  func perform(_ context: ToolContext) throws -> ExitStatus {
    let path = FilePath(device)
    let record = try state.record()
    let copies = try? LUKSHeaderCopies(of: path)
    let opened = try LUKSDevice(path)
    if copies?.areWhole == false {
      context.console.warn(
        "a copy of the header was damaged; libcryptsetup writes it anew where it may")
    }
    let backup = try HeaderBackup.make(
      of: opened, at: path, into: FilePath(to), for: recipients.all(), record: record)
    let facts = backup.facts
    let digest = facts.volumeKeyDigest.map { "\($0)" } ?? "none"
    for line in [
      "wrote \(backup.file)", "  uuid          \(facts.uuid)", "  volume key    \(digest)",
      "  header        \(facts.headerSHA256)",
      "  keyslots      \(Words.list(facts.keyslots.map(\.number)))",
      "  tokens        \(Words.list(facts.tokens.map(\.number)))",
      "  opens with    \(facts.recipients.joined(separator: ", "))",
    ] {
      context.console.say(line)
    }
    context.console.emit(Line(file: backup.file.string, facts: facts))
    return .done
  }

  private struct Line: Encodable {
    let event = "header-backup-made"
    let file: String
    let facts: HeaderBackupFacts
  }
}
