import ArgumentParser
import OperatorConsole

/// The store keeper's tool: it holds no key that opens anything.
@main
struct CofferStore: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coffer-store",
    abstract: "Keep a store: check it, mend it, know what it must hold. Needs no key.",
    discussion: """
      What is in a store is known from the hosts' signed ledgers alone: no verb asks for an identity.
      Exit codes: docs/exit-codes.md.
      """,
    version: cofferVersion,
    subcommands: [
      ScrubVerb.self, Protect.self, Retain.self, Hold.self, Release.self, Export.self, Import.self,
      Have.self, Receive.self, Status.self,
    ])

  static func main() async {
    await CofferTool.main(CofferStore.self, called: "coffer-store")
  }
}
