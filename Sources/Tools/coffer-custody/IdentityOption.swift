import AgeFormat
import ArgumentParser
import FileEncryption
import LocalFiles
import Recipients
import SecretMemory
import SystemPackage

/// What opens a backup.
struct IdentityOption: ParsableArguments {
  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "A file with the age identity of an officer, or - for standard input. May be repeated.",
      valueName: "file"),
    completion: .file())
  var identity: [String] = []

  /// All identities of the files.
  ///
  /// - Throws: `OperatorError`.
  func all() throws -> [any KeyPair] {
    let dialogue = try OfficerDialogue.current()
    return try identity.flatMap { path in
      try SecretFile.read(FilePath(path)).withBytes {
        try IdentityFile.parse(
          $0, called: path == "-" ? "standard input" : path, asking: dialogue)
      }
    }
  }
}
