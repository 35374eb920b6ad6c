import AgeFormat
import ArgumentParser
import FileEncryption
import Glibc
import LocalFiles
import OperatorConsole
import Recipients
import SecretMemory
import SystemPackage
import Vocabulary

/// Encrypts or decrypts one file.
struct Crypt: ToolVerb {
  static let configuration = CommandConfiguration(
    abstract: "Encrypt or decrypt a file (what is done where no verb is written).",
    discussion: """
      RECIPIENT is an age key (age1…, age1pq1…, age1tag1…, age1tagpq1…, or a plugin's), or an SSH key \
      (ssh-ed25519 AAAA…). IDENTITY names a file with age identities, one a line, with comments \
      after #; the same encrypted with a passphrase; or an SSH private key.

      A file that -o names appears when it is whole, mode 0600; a run that fails leaves what was there.
      """)

  @Flag(name: [.short, .long], help: "Encrypt; the default.")
  var encrypt = false

  @Flag(name: [.short, .long], help: "Decrypt. Armor and passphrases are noticed by themselves.")
  var decrypt = false

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("Encrypt to this. May be repeated.", valueName: "recipient"))
  var recipient: [String] = []

  @Option(
    name: [.customShort("R"), .long],
    help: ArgumentHelp(
      "Encrypt to all recipients in a file, or - for standard input. May be repeated.",
      valueName: "file"), completion: .file())
  var recipientsFile: [String] = []

  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "Decrypt with the identities in a file, or - for standard input; with -e, encrypt to them. "
        + "May be repeated.", valueName: "file"), completion: .file())
  var identity: [String] = []

  @Option(
    name: .customShort("j"),
    help: ArgumentHelp("As -i, with a plugin that needs no data.", valueName: "plugin"))
  var plugin: [String] = []

  @Flag(name: [.short, .long], help: "Encrypt with a passphrase, which is asked for.")
  var passphrase = false

  @Option(
    help: ArgumentHelp(
      "Read passphrases from this open descriptor, and ask nobody.",
      discussion: "The variable AGE_PASSPHRASE_FD does the same.", valueName: "number"))
  var passphraseFd: Int32?

  @Flag(name: [.short, .long], help: "Encrypt to text, which survives mail and paper.")
  var armor = false

  @Option(name: [.short, .long], help: "Write to this file.", completion: .file())
  var output: String?

  @Argument(help: "The file to read.", completion: .file())
  var input: [String] = []

  var asJSON: Bool { false }

  /// Refuses flags that contradict each other.
  ///
  /// Not in `validate`, which runs before an unknown flag is noticed and would hide it.
  private func check() throws {
    if input.count > 1 {
      throw wrongUsage("one INPUT at a time; flags must stand before it")
    }
    if decrypt { try validateDecryption() } else { try validateEncryption() }
    let fromInput = (identity + recipientsFile).filter { $0 == "-" }.count
    if fromInput > 1 || (fromInput == 1 && (input.first ?? "-") == "-") {
      throw wrongUsage("standard input can be used for one thing only")
    }
  }

  private func validateDecryption() throws {
    if encrypt { throw wrongUsage("-e and -d exclude each other") }
    if armor { throw wrongUsage("-a does not go with -d: armor is noticed by itself") }
    if passphrase {
      throw wrongUsage("-p does not go with -d: a passphrase is asked for where one is needed")
    }
    if !recipient.isEmpty || !recipientsFile.isEmpty {
      throw wrongUsage("-r and -R do not go with -d: name an identity by -i")
    }
  }

  private func validateEncryption() throws {
    let hasIdentities = !identity.isEmpty || !plugin.isEmpty
    if hasIdentities, !encrypt {
      throw wrongUsage("-i and -j mean decryption: add -d, or -e to encrypt to the identity")
    }
    let hasRecipients = hasIdentities || !recipient.isEmpty || !recipientsFile.isEmpty
    if !hasRecipients, !passphrase {
      throw wrongUsage("nobody to encrypt to: give -r, -R or -p, or -d to decrypt")
    }
    if hasRecipients, passphrase {
      throw wrongUsage(
        "-p stands alone: a passphrase and other recipients do not share a file")
    }
  }

  private func wrongUsage(_ reason: String) -> OperatorError {
    OperatorError("usage", .usage, reason, hint: "'coffer-age help crypt' shows what there is")
  }

  func perform(_ context: ToolContext) async throws -> ExitStatus {
    try check()
    let source = try InputFile(input.first, meter: context.meter)
    let result = OutputFile(output)
    try refuseToDestroy(source)
    if result.isTerminal, !decrypt, !armor, output == nil {
      throw OperatorError(
        "output.terminal", .usage, "what comes out is binary, and would go to the terminal",
        hint: "write a file by -o, or text by -a; -o - forces it")
    }
    context.interruption.whenRequested {
      result.discard()
      _exit(ExitStatus.interrupted.rawValue)
    }
    let keys = CryptKeys(
      recipients: recipient, recipientsFiles: recipientsFile, identities: identity,
      plugins: plugin, dialogue: try dialogue())
    context.meter.begin(source.name, total: source.size)
    if !result.isTerminal { context.console.begin(source.name) }
    if decrypt {
      try Decryption.run(source, to: result, with: keys.forDecryption())
    } else {
      let recipients =
        passphrase ? [try keys.passphraseRecipient()] : try keys.forEncryption()
      try Encryption.run(source, to: result, for: recipients, armored: armor)
    }
    return .done
  }

  private func dialogue() throws -> any KeyDialogue {
    let terminal = TerminalDialogue()
    if let passphraseFd { return PassphraseDescriptor(passphraseFd, others: terminal) }
    return try PassphraseDescriptor.named(byEnvironment: terminal) ?? terminal
  }

  /// A result never takes the place of what it was made of, or of the key to it.
  private func refuseToDestroy(_ source: InputFile) throws {
    guard let output, output != "-" else { return }
    let target = LocalPath(FilePath(output))
    let named = identity + recipientsFile
    guard !source.isSame(as: output),
      !named.contains(where: { target.isSame(as: LocalPath(FilePath($0))) })
    else {
      throw OperatorError(
        "output.is-input", .usage, "\(output) is read and would be written over",
        hint: "name another file by -o")
    }
  }
}
