import OperatorConsole
import RunNarration
import Operations
import Origins
import Repository
import Vocabulary

/// How a restore is shown, done and compared, for one source or a whole host.
struct RestoreConduct {
  private let restore: RestoreRun
  private let context: ToolContext

  init(_ restore: RestoreRun, _ context: ToolContext) {
    self.restore = restore
    self.context = context
  }

  /// Shows what will be done, and what cannot be, for it was not saved.
  func showPlan() {
    let entry = restore.snapshot.entry
    context.console.say("snapshot \(entry.snapshot) of \(entry.started)")
    for step in restore.steps {
      for line in step.lines { context.console.say("plan    \(line)") }
    }
    for finding in restore.warnings { context.console.hear(.finding(finding)) }
    context.console.emit(PlanLine(restore))
  }

  /// Does it, and compares.
  ///
  /// - Throws: `restore.mismatch` where what stands there is not what was saved.
  func carryOut() async throws {
    let console = context.console
    let restoring = RestoringContext(meter: context.meter, interruption: context.interruption)
    var findings = try await restore.apply(listener: console, context: restoring)
    findings += try await DeploymentComparison(restore.snapshot, restore.targets).run(
      listener: console, context: restoring)
    let bad = findings.filter { $0.outcome == .bad }
    console.emit(ResultLine(result: bad.isEmpty ? "done" : "mismatch", wrong: bad.map(\.text)))
    guard bad.isEmpty else {
      throw OperatorError(
        "restore.mismatch", .mismatch,
        "what was restored is not what was saved: \(bad.count) findings, see above",
        hint: "do not start anything on it before you know why")
    }
  }

  private struct PlanLine: Encodable {
    let event = "plan"
    let snapshot: String
    let restored: [String]
    let leftOut: [String]

    init(_ restore: RestoreRun) {
      snapshot = restore.snapshot.entry.snapshot.text
      restored = restore.steps.map(\.record.name.text)
      leftOut = restore.leftOut.map(\.text)
    }
  }

  private struct ResultLine: Encodable {
    let event = "result"
    let result: String
    let wrong: [String]
  }
}
