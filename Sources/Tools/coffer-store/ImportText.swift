import OperatorConsole
import Repository
import Signatures
import Vocabulary
import Volumes

/// What came of an import, as text or as JSON.
struct ImportText {
  /// So much of one kind of problem is told one by one: of what lies on another medium little, for there are
  /// thousands, and all that has to be looked at.
  private static func mostTold(_ code: String) -> Int { code == "import.missing" ? 3 : 50 }

  private let set: VolumeSet
  private let console: Console

  init(_ set: VolumeSet, _ console: Console) {
    (self.set, self.console) = (set, console)
  }

  /// Tells what a run did, and what is wrong with the ledgers in the store after it.
  func tell(
    _ report: ImportRun.Report, _ removals: RemovalsTakenOver? = nil,
    _ ledgers: [OperatorError] = []
  ) -> ExitStatus {
    tellVolumes()
    for number in report.hurtVolumes.sorted() {
      console.warn("volume \(number) is damaged: what was hurt in it was looked for in the others")
    }
    console.say(
      "took in \(report.objects) objects, \(ByteText(report.bytes)); "
        + "\(report.snapshots) snapshots count now")
    if report.rewrapped > 0 {
      console.say("\(report.rewrapped) rewrapped objects took the place of older ones")
    }
    if report.waiting > 0 {
      console.say("\(report.waiting) snapshots wait for objects that are not here")
    }
    if let removals { tell(removals) }
    console.emit(
      Line(
        set, done: true, objects: report.objects, bytes: report.bytes,
        rewrapped: report.rewrapped, snapshots: report.snapshots, waiting: report.waiting,
        hurt: report.hurtVolumes))
    return status(
      report.problems + [removals?.problem].compactMap(\.self)
        + ledgers.filter { !report.problems.contains($0) }, isWaiting: report.waiting > 0,
      hasDone: report.objects > 0 || report.rewrapped > 0 || report.snapshots > 0)
  }

  private func tell(_ removals: RemovalsTakenOver) {
    guard let keeper = removals.keeper, !removals.snapshots.isEmpty else { return }
    console.say(
      "keeper \(keeper) had let go of \(removals.snapshots.count) of the snapshots here: "
        + "what they lack is not missed")
    console.emit(
      RemovalsLine(keeper: keeper.description, snapshots: removals.snapshots.map(\.snapshot)))
  }

  /// Tells what a run would do.
  func tell(_ plan: ImportPlan) throws -> ExitStatus {
    tellVolumes()
    let (offered, entries) = (plan.offered, try plan.entries())
    console.say(
      "would take in \(offered.objects) objects, \(ByteText(offered.bytes)); "
        + "\(entries.whole) of \(entries.new) new snapshots would count")
    console.emit(
      Line(
        set, done: false, objects: offered.objects, bytes: offered.bytes, rewrapped: 0,
        snapshots: entries.whole, waiting: entries.new - entries.whole, hurt: []))
    return status(
      plan.problems, isWaiting: entries.whole < entries.new,
      hasDone: offered.objects > 0 || entries.whole > 0)
  }

  /// What the keeper's journal says of an import.
  static func details(_ set: VolumeSet, _ report: ImportRun.Report) -> [String: JSONValue] {
    [
      "set": .text(set.manifest.set), "objects": .integer(report.objects),
      "bytes": .integer(report.bytes), "rewrapped": .integer(report.rewrapped),
      "snapshots": .integer(report.snapshots),
      "waiting": .integer(report.waiting),
    ]
  }

  private func tellVolumes() {
    guard !set.lost.isEmpty else { return }
    let lost = set.lost.map(String.init).joined(separator: ", ")
    let rebuilt = set.rebuilt.map(String.init).joined(separator: ", ")
    console.warn(
      "of \(set.manifest.volumes.count) volumes, not at hand or damaged: \(lost)"
        + (rebuilt.isEmpty ? "" : "; made good from the others: \(rebuilt)"))
  }

  private func status(_ problems: [OperatorError], isWaiting: Bool, hasDone: Bool) -> ExitStatus {
    var counts: [String: Int] = [:]
    for problem in problems {
      counts[problem.code, default: 0] += 1
      if counts[problem.code, default: 0] <= Self.mostTold(problem.code) { console.report(problem) }
    }
    for (code, count) in counts.sorted(by: { $0.key < $1.key }) where count > Self.mostTold(code) {
      console.warn("and \(count - Self.mostTold(code)) more of the kind [\(code)]")
    }
    if let untrusted = problems.first(where: { $0.status == .untrusted }) {
      return untrusted.status
    }
    guard isWaiting || !problems.isEmpty else { return .done }
    return hasDone ? .partly : .nothingDone
  }

  private struct RemovalsLine: Encodable {
    let event = "never-came"
    let keeper: String
    let snapshots: [SnapshotID]
  }

  private struct Line: Encodable {
    let event = "import"
    let set: String
    let done: Bool
    let objects: Int
    let bytes: Int
    let rewrapped: Int
    let snapshots: Int
    let waiting: Int
    let volumes: Int
    let lostVolumes: [Int]
    let rebuiltVolumes: [Int]
    let hurtVolumes: [Int]

    init(
      _ set: VolumeSet, done: Bool, objects: Int, bytes: Int, rewrapped: Int, snapshots: Int,
      waiting: Int, hurt: Set<Int>
    ) {
      (self.set, self.done, self.objects, self.bytes) = (set.manifest.set, done, objects, bytes)
      (self.rewrapped, self.snapshots, self.waiting) = (rewrapped, snapshots, waiting)
      volumes = set.manifest.volumes.count
      (lostVolumes, rebuiltVolumes, hurtVolumes) = (set.lost, set.rebuilt, hurt.sorted())
    }
  }
}
