import ArgumentParser
import LocalFiles
import OperatorConsole
import Scrubbing
import Surveying
import SystemPackage
import Vocabulary

extension CofferStore {
  /// Shows how a store is kept.
  struct Status: CofferVerb {
    static let configuration = CommandConfiguration(
      abstract: "Show what was received of each host, checks, parity, holds and refusals.",
      discussion: """
        Ledgers are checked, objects are not looked at. A ledger of a host whose key is not known is \
        read, but nobody vouches for it: exit code 3 then. Exit code 4 where objects were hurt when they \
        were checked last, and were not mended since.
        """)

    @OptionGroup var keeper: KeeperOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "Count refusals of so long ago till now, such as 24h or 1w.")
    var refusalsWithin = KeeperOptions.refusalsSpan

    @Option(
      help: "Write figures for Prometheus' textfile collector to this file, too.",
      completion: .file())
    var metrics: String?

    func perform(_ context: ToolContext) throws -> ExitStatus {
      let console = context.console
      _ = try keeper.open(telling: console)
      let survey = try keeper.survey(refusalsOf: refusalsWithin)
      SurveyLines(survey).emit(console)
      var status = LedgerVerdict(survey.holdings, keeper).tell(console)
      let bad = survey.condition.checks.bad
      if !bad.isEmpty {
        console.report(Self.hurt(bad))
        if status != .untrusted { status = .mismatch }
      }
      SurveyText(survey).tell(console)
      if let metrics { try MetricsFile(survey).write(to: FilePath(metrics)) }
      return status
    }

    private static func hurt(_ objects: [String]) -> OperatorError {
      let some = objects.prefix(3).map(\.onOneLine).joined(separator: ", ")
      return OperatorError(
        "object.hurt", .mismatch,
        "\(objects.count) objects were hurt when they were checked last: \(some)"
          + (objects.count > 3 ? ", …" : ""),
        hint: "'coffer-store scrub' checks them again and names the snapshots that need them; "
          + "--repair mends what parity can mend: docs/runbooks/when-a-check-fails.md")
    }
  }
}
