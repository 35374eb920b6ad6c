import ArgumentParser
import Keeping
import OperatorConsole
import Repository
import Retention
import Stores
import SystemPackage
import Vocabulary

extension CofferStore {
  /// Marks and removes snapshots that no rule keeps.
  struct Retain: CofferVerb {
    static let configuration = CommandConfiguration(
      abstract: "Thin out: mark what no rule keeps, and remove what was marked long enough ago.",
      discussion: """
        Shows what would be done; --apply does it. Days are counted by when this keeper first saw a \
        snapshot, never by what a host says. A snapshot is first marked, and removed by a later run once \
        its grace is over. Each host and set of sources is counted for itself. Where what stays looks \
        worse than what would go, nothing of that host is touched: exit code 14.
        """)

    @OptionGroup var keeper: KeeperOptions
    @OptionGroup var rules: PolicyOptions
    @OptionGroup var parity: ParityOption
    @OptionGroup var output: OutputOptions
    @OptionGroup var figures: MetricsOption

    @Flag(help: "Do it.")
    var apply = false

    @Option(
      help: ArgumentHelp(
        "Go on although this reason speaks against it. May be repeated.",
        discussion: "With --apply it is noted: what changed then is not held against later runs."))
    var despite: [Brake.Code] = []

    @Option(
      help: "The newest drill's report: if it failed, nothing is touched.", completion: .file())
    var drillReport: String?

    func perform(_ context: ToolContext) throws -> ExitStatus {
      try figures.written(of: keeper, context.console) {
        let policy = try rules.policy()
        let drill = try drillReport.map { try DrillVerdict.read(FilePath($0)).failure } ?? nil
        var work = try KeeperAtWork.begin(keeper, context.console)
        var unnoted: [String: JSONValue] = [:]
        // What only would be done is no act.
        let status =
          apply
          ? try KeeperJournal(in: work.folder).noting("retain") { details in
            try retain(policy, drill, &work, context, &details)
          } : try retain(policy, drill, &work, context, &unnoted)
        work.finish()
        return status
      }
    }

    private func retain(
      _ policy: RetentionPolicy, _ failedDrill: String?, _ work: inout KeeperAtWork,
      _ context: ToolContext, _ details: inout [String: JSONValue]
    ) throws -> ExitStatus {
      let run = RetentionRun(in: work.store, of: work.hosts, interruption: context.interruption)
      let plan = try run.plan(
        policy, work.record, despite: Set(despite), failedDrill: failedDrill)
      let report = RetentionReport(plan, isApplied: apply, grace: rules.grace, at: work.record.now)
      report.tell(context.console)
      if apply {
        try run.mark(plan, grace: rules.grace, in: &work.record)
        details["marked"] = .integer(plan.condemn.count)
        if plan.hasToRemove {
          try work.protectWhatStays(plan, percent: parity.parity, context)
          let quiet = try StoreRegistry.quiet(keeper.store, but: KeeperOptions.writer)
          if let removal = try run.remove(plan, while: quiet, in: &work.record) {
            report.tell(removal, context.console)
            details["removed"] = .integer(removal.snapshots.count)
            details["objects"] = .integer(removal.objects)
            details["bytes"] = .integer(removal.bytes)
          }
        }
      }
      return report.verdict(context.console, keeper)
    }
  }
}

extension Brake.Code: ExpressibleByArgument {}
