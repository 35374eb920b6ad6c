import ArgumentParser
import Custody
import LocalFiles
import OperatorConsole
import SecretMemory
import SystemPackage
import TrustedHardware
import Vocabulary

/// What opens a volume that is to be changed.
struct UnlockOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A file with a passphrase or recovery key of the volume; - is standard input.",
      discussion: "Without it, it is asked for at the terminal."),
    completion: .file())
  var unlockKeyFile: String?

  /// The volume key, by the file or by what is typed.
  func volumeKey(of path: FilePath) throws -> VolumeKey {
    try Unlocking.volumeKey(of: LUKSDevice(path), from: given(for: path))
  }

  /// What the file holds or a person types.
  func given(for path: FilePath) throws -> SecretBytes {
    guard let unlockKeyFile else {
      return try TerminalDialogue(
        otherwise: "--unlock-key-file names a file with a passphrase or recovery key, or - for it"
      ).passphrase(of: "\(path)")
    }
    return try SecretFile.read(FilePath(unlockKeyFile))
  }
}

/// A PIN that a TPM asks for.
struct PINOptions: ParsableArguments {
  @Flag(help: "A PIN belongs to it, asked for at the terminal if no file has it.")
  var pin = false

  @Option(
    help: "A file with the PIN; a line end behind it does not count. - is standard input.",
    completion: .file())
  var pinFile: String?

  /// Whether there is one.
  var hasPIN: Bool { pin || pinFile != nil }

  /// The PIN, read or asked for when it is first wanted.
  func source(isNew: Bool) -> PINSource { PINSource(pinFile, isNew: isNew) }
}

/// A PIN that is read or asked for once and lent as often as it is needed.
final class PINSource {
  private let file: String?
  private let isNew: Bool
  private var known: Known?

  init(_ file: String?, isNew: Bool) {
    self.file = file
    self.isNew = isNew
  }

  func pin() throws -> PIN {
    let known = try self.known ?? Known(read())
    self.known = known
    return try PIN(known.text)
  }

  private func read() throws -> SecretBytes {
    if let file { return try SecretFile.read(FilePath(file)) }
    let dialogue = TerminalDialogue(otherwise: "--pin-file names a file with the PIN")
    let first = try dialogue.askSecret(isNew ? "New PIN:" : "PIN:")
    guard isNew else { return first }
    guard try dialogue.askSecret("The same again:").matches(first) else {
      throw OperatorError("pin.mismatch", .usage, "the two PINs are not the same")
    }
    return first
  }

  private final class Known {
    let text: SecretBytes
    init(_ text: consuming SecretBytes) { self.text = text }
  }
}
