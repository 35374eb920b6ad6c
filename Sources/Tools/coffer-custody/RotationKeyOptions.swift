import ArgumentParser
import Custody
import LocalFiles
import OperatorConsole
import SecretMemory
import SystemPackage
import Vocabulary

/// What opens the keyslots that are carried over.
struct RotationKeyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A file with a passphrase of the volume; - is standard input.",
      discussion: "What no file holds is asked for at the terminal, if there is one."),
    completion: .file())
  var unlockKeyFile: String?

  @Option(help: "A file with the recovery key; - is standard input.", completion: .file())
  var recoveryKeyFile: String?

  @Option(
    help: ArgumentHelp(
      "A file with the passphrase of a keyslot, as SLOT=FILE. May be repeated.",
      valueName: "slot=file"),
    completion: .file())
  var passphraseFile: [KeyslotFile] = []

  /// What the files hold.
  ///
  /// - Throws: `OperatorError` where one cannot be read.
  func given() throws -> [GivenSecret] {
    let named = try passphraseFile.map {
      GivenSecret(try SecretFile.read(FilePath($0.file)), for: $0.keyslot)
    }
    let any = try [unlockKeyFile, recoveryKeyFile].compactMap { $0 }.map {
      GivenSecret(try SecretFile.read(FilePath($0)))
    }
    return named + any
  }

  /// Asks for what opens a keyslot; nil where there is nobody to ask.
  func ask(_ keyslot: Int, _ isRecoveryKey: Bool, of device: String) throws -> SecretBytes? {
    let what = isRecoveryKey ? "Recovery key" : "Passphrase"
    do {
      return try TerminalDialogue(otherwise: "--passphrase-file names a file for each keyslot")
        .askSecret("\(what) of keyslot \(keyslot) of \(device):")
    } catch let error as OperatorError where error.code == "dialogue.no-terminal" {
      return nil
    }
  }
}

/// A keyslot and a file, as `1=/run/passphrase`.
struct KeyslotFile: ExpressibleByArgument {
  let keyslot: Int
  let file: String

  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1)
    guard parts.count == 2, let number = Int(parts[0]), (0..<32).contains(number) else {
      return nil
    }
    (keyslot, file) = (number, String(parts[1]))
  }
}
