import AgeFormat
import ArgumentParser
import LocalFiles
import OperatorConsole
import Recipients
import SecretMemory
import SystemPackage

/// Who opens the snapshot.
struct IdentityOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "An age identity file, or - for standard input. May be repeated.",
      discussion: "One that is encrypted with a passphrase is opened at the terminal."),
    completion: .file())
  var identity: [String]

  /// Reads the identities into locked memory.
  func load() throws -> [any Identity] {
    var identities: [any Identity] = []
    for path in identity {
      identities += try SecretFile.read(FilePath(path)).withBytes {
        try IdentityFile.parse(
          $0, called: path == "-" ? "standard input" : path, asking: TerminalDialogue())
      }
    }
    return identities
  }
}

/// Which snapshot.
struct SnapshotOption: ParsableArguments {
  @Option(help: "A snapshot's id, the beginning of one, or 'latest'.")
  var snapshot: String?
}
