import ArgumentParser
import OperatorConsole

/// The officer's tool: who and what can open the volumes.
@main
struct CofferCustody: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coffer-custody",
    abstract: "Look after the keys of volumes and backups, and secrets that a TPM holds.",
    discussion: "Exit codes and findings: docs/exit-codes.md.",
    version: cofferVersion,
    subcommands: [LUKS.self, RecipientCommands.self, Seal.self, Unseal.self, RecordCommands.self])

  static func main() async {
    await CofferTool.main(CofferCustody.self, called: "coffer-custody")
  }
}

/// What concerns those who may open backups.
struct RecipientCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recipients",
    abstract: "Look after who may open what is stored.",
    subcommands: [RecipientsRewrap.self])
}

/// What concerns LUKS2 volumes.
struct LUKS: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "luks",
    abstract: "Look after the keyslots and tokens of a LUKS2 volume.",
    subcommands: [
      LUKSStatus.self, LUKSVerify.self, LUKSEnroll.self, LUKSRecoveryKey.self, LUKSRetire.self,
      LUKSReseal.self, LUKSRotateVolumeKey.self, LUKSPredict.self, LUKSSignPolicy.self,
      HeaderCommands.self,
    ])
}
