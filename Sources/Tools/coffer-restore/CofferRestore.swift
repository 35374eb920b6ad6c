import ArgumentParser
import OperatorConsole
import SecretMemory

/// The operator's way back.
@main
struct CofferRestore: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coffer-restore",
    abstract: "Look into a store, check it, drill it, and restore from it.",
    discussion: """
      Nothing is restored that the trusted host key did not sign, and nothing is ever overwritten.
      Exit codes: docs/exit-codes.md.
      """,
    version: cofferVersion,
    subcommands: [
      Snapshots.self, Files.self, Run.self, Host.self, Verify.self, RestoreDrill.self,
    ])

  static func main() async {
    FreedMemory.keep()
    await CofferTool.main(CofferRestore.self, called: "coffer-restore")
  }
}
