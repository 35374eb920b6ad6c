import ArgumentParser

/// What concerns backups of headers.
struct HeaderCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "header",
    abstract: "Back up, check and restore the header of a LUKS2 volume.",
    subcommands: [HeaderBackupVerb.self, HeaderCheckVerb.self, HeaderRestoreVerb.self])
}
