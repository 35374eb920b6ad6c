import OperatorConsole
import Repository
import Rewrapping
import Signatures
import SystemPackage
import Vocabulary

/// Tells what was rewrapped, what was not, and who could have opened what.
struct RewrapReport {
  private struct PartLine: Encodable {
    let event = "rewrapped"
    let compartment: CompartmentName
    let objects: Int
    let dryRun: Bool
  }

  private struct ExposureLine: Encodable {
    let event = "could-have-opened"
    let recipient: String?
    let compartment: CompartmentName
    let snapshots: [SnapshotID]
  }

  private struct SummaryLine: Encodable {
    let event = "rewrap"
    let objects: Int
    let current: Int
    let sealed: [CompartmentName]
    let problems: [String]
    let dryRun: Bool
  }

  private struct EntryLine: Encodable {
    let event = "rewrap-entry"
    let sequence: Int
    let sha256: SHA256Digest
    let key: String
  }

  private let plan: RewrapPlan
  private let console: Console

  init(_ plan: RewrapPlan, _ console: Console) {
    (self.plan, self.console) = (plan, console)
  }

  /// What the run comes to.
  var status: ExitStatus { plan.problems.isEmpty && plan.sealed.isEmpty ? .done : .partly }

  /// Tells all of it.
  ///
  /// - Parameter isDone: whether it was carried out.
  func tell(isDone: Bool) {
    for part in plan.parts {
      console.say(
        "\(part.compartment): \(part.objects.count) objects "
          + (isDone ? "have new headers" : "would get new headers"))
      console.emit(
        PartLine(
          compartment: part.compartment, objects: part.objects.count, dryRun: !isDone))
    }
    if plan.count == 0 { console.say("nothing to rewrap: all is for the policy's recipients") }
    for exposure in plan.exposures { tell(exposure) }
    for compartment in plan.sealed {
      console.report(
        OperatorError(
          "rewrap.sealed", .partly,
          "none of the given identities opens compartment '\(compartment)': it stays as it is",
          hint: "run again with the identity of somebody who can"))
    }
    for problem in plan.problems { console.report(problem) }
    console.emit(
      SummaryLine(
        objects: plan.count, current: plan.current, sealed: plan.sealed,
        problems: plan.problems.map(\.message), dryRun: !isDone))
  }

  /// Tells of the entry in the store, and who should know its key.
  func tell(_ head: LedgerHead, signedBy key: FilePath) {
    console.say("rewrap entry \(head.sequence.number) \(head.sha256)")
    console.emit(
      EntryLine(sequence: head.sequence.number, sha256: head.sha256, key: key.string))
    console.tell(
      "Give the store's keeper \(key), for --officer: without it his checks say that nobody he knows "
        + "vouches for the new headers.")
  }

  private func tell(_ exposure: Exposure) {
    console.emit(
      ExposureLine(
        recipient: exposure.recipient, compartment: exposure.compartment,
        snapshots: exposure.snapshots))
    let who =
      exposure.recipient ?? "whoever were its recipients then, for it does not say who they were,"
    console.say(
      "\(exposure.compartment): \(who) could have opened \(exposure.snapshots.count) snapshots:")
    for snapshot in exposure.snapshots { console.say("    \(snapshot)") }
  }
}
