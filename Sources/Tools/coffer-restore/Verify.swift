import AgeFormat
import ArgumentParser
import OperatorConsole
import RunNarration
import Operations
import Origins
import Repository
import Vocabulary

extension CofferRestore {
  /// Checks a store end to end.
  struct Verify: CofferVerb {
    static let configuration = CommandConfiguration(
      abstract: "Check a store end to end, without restoring.",
      discussion: """
        The ledger's signatures and links, size and SHA-256 of every object, and every content that \
        the identities open. Without --snapshot the objects of all snapshots, and the newest one's \
        content. With --map, what stands at the map's targets is compared with the snapshot, too.
        """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var identities: IdentityOptions
    @OptionGroup var choice: SnapshotOption
    @OptionGroup var output: OutputOptions

    @Option(
      name: .customLong("map"), help: "Also compare what was restored by this map.",
      completion: .file())
    var map: String?

    func perform(_ context: ToolContext) async throws -> ExitStatus {
      let console = context.console
      let view = try store.open()
      let identities = try identities.load()
      let verification = StoreVerification(
        view, listener: console, meter: context.meter, interruption: context.interruption)
      let report = try verification.verify(
        choice.snapshot.map { .init($0) }, with: identities)
      console.emit(Line(report))
      guard report.problems.isEmpty else {
        throw OperatorError(
          "verify.mismatch", .mismatch,
          "\(report.problems.count) things are not what the host signed for, see above",
          hint: view.keeper.hint ?? "docs/runbooks/when-a-check-fails.md")
      }
      console.say(
        "ok: \(report.objects) objects, \(ByteText(report.bytes)); "
          + "\(report.sources.count) sources of \(report.snapshot) read end to end")
      console.say("ledger head \(report.head.sequence.number) \(report.head.sha256)")
      let verdict = tell(report.unchecked, view.officers, console)
      guard let map else { return verdict }
      let compared = try await compare(view, identities, MapFile.read(map), context)
      return compared == .done ? verdict : compared
    }

    private func tell(
      _ unchecked: [String], _ officers: OfficersWord, _ console: Console
    ) -> ExitStatus {
      if let problem = officers.problem {
        console.report(problem)
        return .untrusted
      }
      guard !unchecked.isEmpty else { return .done }
      console.report(
        OperatorError(
          "verify.unchecked", .partly,
          "\(unchecked.count) objects were rewrapped for others and not checked, see above",
          hint: "name the public key of the officer who did so, his record.pub, with --officer"))
      return .partly
    }

    private func compare(
      _ view: StoreView, _ identities: [any Identity],
      _ targets: [(source: SourceName, target: RestoreTarget)], _ context: ToolContext
    ) async throws -> ExitStatus {
      let verified = try view.entry(
        .init(choice.snapshot ?? "latest"), holding: targets.map(\.source))
      let snapshot = try view.open(verified, with: identities)
      let comparison = try DeploymentComparison(snapshot, targets)
      let findings = try await comparison.run(
        listener: context.console,
        context: RestoringContext(meter: context.meter, interruption: context.interruption))
      let bad = findings.filter { $0.outcome == .bad }
      guard bad.isEmpty else {
        throw OperatorError(
          "restore.mismatch", .mismatch,
          "what stands there is not what was saved: \(bad.count) findings, see above")
      }
      return .done
    }

    private struct Line: Encodable {
      let event = "verified"
      let snapshot: String
      let sequence: Int
      let head: SHA256Digest
      let objects: Int
      let bytes: Int
      let sources: [SourceName]
      let sealed: [CompartmentName]
      let problems: [String]
      let unchecked: [String]

      init(_ report: StoreVerification.Report) {
        (snapshot, sequence) = (report.snapshot.text, report.head.sequence.number)
        (head, objects, bytes) = (report.head.sha256, report.objects, report.bytes)
        (sources, sealed, problems) = (report.sources, report.sealed, report.problems)
        unchecked = report.unchecked
      }
    }
  }
}
