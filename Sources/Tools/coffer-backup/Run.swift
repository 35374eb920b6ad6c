import ArgumentParser
import OperatorConsole
import RunNarration
import Operations
import Repository
import Vocabulary

extension CofferBackup {
  /// Saves all sources as a new snapshot.
  struct Run: CofferVerb {
    static let configuration = CommandConfiguration(
      abstract: "Save all sources as a new snapshot.",
      discussion: """
        Databases first, media last. A source that fails does not stop the others: exit code 3 then,
        with the failure named. A run that is stopped loses nothing; the next one goes on from there.
        """)

    @OptionGroup var file: ConfigurationOption
    @OptionGroup var output: OutputOptions

    @Option(help: "Save only this source. May be repeated.")
    var only: [String] = []

    @Flag(help: "Show what would be saved, and save nothing.")
    var dryRun = false

    func perform(_ context: ToolContext) async throws -> ExitStatus {
      let configuration = try file.load()
      if dryRun {
        let rehearsal = try Rehearsal(configuration, only: only, by: TPMHostKey())
        return await rehearsal.run(context.console) ? .done : .partly
      }
      let run = BackupRun(
        configuration, only: only, by: TPMHostKey(), listener: context.console,
        meter: context.meter,
        interruption: context.interruption)
      let report = try await run.run()
      context.console.emit(
        Line(
          result: report.isPartial ? "partly" : "done", snapshot: report.snapshot.text,
          sequence: report.head.sequence.number, head: report.head.sha256,
          failed: report.failures))
      guard report.isPartial else { return .done }
      context.console.warn("the snapshot is saved, but not all of it: see above")
      return .partly
    }

    private struct Line: Encodable {
      let event = "result"
      let result: String
      let snapshot: String
      let sequence: Int
      let head: SHA256Digest
      let failed: [String: String]
    }
  }
}
