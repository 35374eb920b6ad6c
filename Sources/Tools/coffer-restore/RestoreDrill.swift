import ArgumentParser
import OperatorConsole
import RunNarration
import Operations
import Origins
import Repository
import Signatures
import SystemPackage
import Vocabulary

extension CofferRestore {
  /// Proves that a snapshot can be restored.
  struct RestoreDrill: CofferVerb {
    static let configuration = CommandConfiguration(
      commandName: "drill",
      abstract: "Prove that a snapshot can be restored: into scratch places, compared, removed.",
      discussion: """
        Needs the PostgreSQL server of the databases' major version, and room for the whole \
        deployment. As root, the server runs as an unprivileged user.
        """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var identities: IdentityOptions
    @OptionGroup var choice: SnapshotOption
    @OptionGroup var output: OutputOptions

    @Option(
      help: "Write a signed report: F.json, its .minisig, and a page F.txt.", completion: .file())
    var report: String?

    @Option(
      help: "The key that signs reports; made where there is none.", completion: .file())
    var reportKey: String?

    @Option(help: "Write metrics for Prometheus' textfile collector.", completion: .file())
    var metrics: String?

    @Option(help: "Where to make the scratch folder.", completion: .directory)
    var scratch: String?

    func perform(_ context: ToolContext) async throws -> ExitStatus {
      let result: DrillReport
      do {
        result = try await hold(context)
      } catch {
        // A drill that could not be held must not look like the last one that was.
        keepFailure(error, context.console)
        throw error
      }
      return try conclude(result, context.console)
    }

    private func hold(_ context: ToolContext) async throws -> DrillReport {
      let console = context.console
      let view = try store.open()
      let choice = StoreView.Choice(choice.snapshot ?? "latest")
      let verified = try view.entry(choice, holding: view.newestSources)
      if let text = view.passedOver(for: verified, choice, holding: view.newestSources) {
        console.warn(text)
      }
      let snapshot = try view.open(verified, with: identities.load())
      for compartment in snapshot.sealed { console.warn("sealed, not drilled: \(compartment)") }
      let drill = Drill(
        snapshot, listener: console,
        context: RestoringContext(meter: context.meter, interruption: context.interruption))
      return try await drill.run(in: FilePath(scratch ?? DrillPlaces.scratch))
    }

    private func conclude(_ result: DrillReport, _ console: Console) throws -> ExitStatus {
      do {
        try keep(result, console)
      } catch let error as OperatorError where !result.passed {
        // That the drill failed weighs more than that it is not written down.
        console.report(error)
      }
      console.emit(result)
      let bad = result.findings.filter { $0.outcome == .bad }
      guard result.passed else {
        throw OperatorError(
          "drill.failed", result.sources.isEmpty ? .nothingDone : .mismatch,
          "the drill failed: \(bad.count) findings, see above",
          hint: "docs/runbooks/when-a-check-fails.md")
      }
      let rest = result.leftOut.map(\.name.text).joined(separator: ", ")
      console.say(
        rest.isEmpty
          ? "the drill passed: snapshot \(result.snapshot?.text ?? "") can be restored"
          : "the drill passed, without \(rest): the rest of snapshot \(result.snapshot?.text ?? "") can be restored"
      )
      return .done
    }

    private func keepFailure(_ error: any Error, _ console: Console) {
      if let metrics { try? DrillReport.writeFailureMetrics(to: FilePath(metrics)) }
      guard let report else { return }
      let problem = error as? OperatorError ?? OperatorError("unexpected", .failed, "\(error)")
      do {
        // Unsigned is better than not at all: what fails here may be the key's own folder.
        let files = try DrillReport(notHeld: problem).write(
          to: FilePath(report), signedWith: try? signingKey())
        for path in files { console.say("wrote \(path)") }
      } catch {
        console.warn("that the drill failed could not be written to \(report): \(error)")
      }
    }

    private func signingKey() throws -> SigningKey {
      try DrillKey.load(reportKey.map { FilePath($0) } ?? DrillPlaces.key)
    }

    private func keep(_ result: DrillReport, _ console: Console) throws {
      if let report {
        for path in try result.write(to: FilePath(report), signedWith: try signingKey()) {
          console.say("wrote \(path)")
        }
      }
      if let metrics { try result.writeMetrics(to: FilePath(metrics)) }
    }
  }
}
