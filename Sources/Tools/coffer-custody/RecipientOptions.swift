import AgeFormat
import ArgumentParser
import FileEncryption
import OperatorConsole

/// Whom a backup is encrypted to.
struct RecipientOptions: ParsableArguments {
  @Option(
    name: [.short, .long],
    help: ArgumentHelp("Encrypt to this, as age does. May be repeated.", valueName: "recipient"))
  var recipient: [String] = []

  @Option(
    name: [.customShort("R"), .long],
    help: ArgumentHelp(
      "Encrypt to all recipients in a file. May be repeated.", valueName: "file"),
    completion: .file())
  var recipientsFile: [String] = []

  /// Whether nobody was named.
  var isEmpty: Bool { recipient.isEmpty && recipientsFile.isEmpty }

  /// Those that were named, and the public halves of identities.
  ///
  /// - Throws: `OperatorError`.
  func all(and identities: [String] = []) throws -> [any Recipient] {
    try CryptKeys(
      recipients: recipient, recipientsFiles: recipientsFile, identities: identities, plugins: [],
      dialogue: OfficerDialogue.current()
    ).forEncryption()
  }
}

/// Who answers: a person, or what a descriptor gives.
enum OfficerDialogue {
  static func current(otherwise: String? = nil) throws -> any KeyDialogue {
    let terminal = TerminalDialogue(
      otherwise: otherwise ?? "name a descriptor with the passphrase in AGE_PASSPHRASE_FD")
    return try PassphraseDescriptor.named(byEnvironment: terminal) ?? terminal
  }
}
