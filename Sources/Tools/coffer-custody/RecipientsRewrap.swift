import AgeFormat
import ArgumentParser
import CustodyRecords
import OperatorConsole
import Repository
import Rewrapping
import Signatures
import SystemPackage
import Vocabulary

/// Makes new headers for what is stored, so that others may open it.
struct RecipientsRewrap: CofferVerb {
  static let configuration = CommandConfiguration(
    commandName: "rewrap",
    abstract: "Let the policy's recipients, and nobody else, open the snapshots that you may open.",
    discussion: """
      Headers change, packs stay where they are and as they are. Each new header is proven before the \
      old one goes: one of the identities must open it, so somebody runs this whom the policy names. \
      What was rewrapped stands in an entry in the store, signed with the key of your custody record, \
      and in the record.

      Whom the policy leaves out is named, with the snapshots that he could have opened until now: what \
      he copied he still can.

      Change the recipients in the host's configuration, too, and before its next night: \
      'coffer-backup policy' prints the policy of a configuration. docs/runbooks/officer-leaves.md \
      goes through all of it.
      """)

  @Option(help: "The store: a directory.", completion: .directory)
  var store: String

  @Option(
    help: "The backed-up host's public key, as 'coffer-backup init' wrote it.", completion: .file())
  var trust: String

  @Option(
    help: "Who may open each compartment from now on: a JSON file.", completion: .file())
  var policy: String

  @Option(
    help: ArgumentHelp(
      "The store keeper's public key, the file keeper.pub of his folder.",
      discussion: "His word is then taken for which snapshots were removed on purpose."),
    completion: .file())
  var keeper: String?

  @Flag(help: "Say what would be rewrapped and who could open what, and change nothing.")
  var dryRun = false

  @OptionGroup var identities: IdentityOption
  @OptionGroup var state: StateOption
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard !identities.identity.isEmpty else {
      throw ValidationError("name at least one identity with --identity")
    }
  }

  func perform(_ context: ToolContext) throws -> ExitStatus {
    let policy = try RewrapPolicy(at: FilePath(policy))
    let host = try VerifyingKey(hostKeyAt: FilePath(trust))
    let keeper = try keeper.map { try VerifyingKey(keeperKeyAt: FilePath($0)) }
    let identities = try identities.all()
    guard !dryRun else {
      let view = try RewrapView(store, trusting: host, keeper: keeper)
      let plan = try view.plan(
        policy, with: identities, meter: context.meter, interruption: context.interruption)
      let report = RewrapReport(plan, context.console)
      report.tell(isDone: false)
      return report.status
    }
    let run = try RewrapRun(store, trusting: host, keeper: keeper)
    defer { run.finish() }
    let plan = try run.view.plan(
      policy, with: identities, meter: context.meter, interruption: context.interruption)
    let report = RewrapReport(plan, context.console)
    guard plan.count > 0 else {
      report.tell(isDone: true)
      return report.status
    }
    let record = RewrapRecord(try state.record(), of: store, in: run.view.ledger, policy)
    let head = try record.make(plan) { signer in
      try run.apply(
        plan, with: identities, signedWith: signer, meter: context.meter,
        interruption: context.interruption)
    }
    report.tell(isDone: true)
    report.tell(head, signedBy: record.publicKey)
    return report.status
  }
}
