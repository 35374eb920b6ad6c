import ArgumentParser
import OperatorConsole

/// The host's nightly job.
@main
struct CofferBackup: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coffer-backup",
    abstract: "Save a Matrix host's databases, media and configuration, encrypted.",
    discussion: """
      What is saved can be opened by the recipients only: neither this host nor the store's keeper
      can read it. Exit codes: docs/exit-codes.md.
      """,
    version: cofferVersion,
    subcommands: [Init.self, CheckConfig.self, Policy.self, Run.self, Status.self])

  static func main() async {
    await CofferTool.main(CofferBackup.self, called: "coffer-backup")
  }
}
