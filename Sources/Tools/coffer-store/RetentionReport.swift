import OperatorConsole
import Repository
import Retention
import Vocabulary

/// What is to be said of a plan of retention, and of what came of it.
struct RetentionReport {
  private let plan: RetentionPlan
  private let isApplied: Bool
  private let grace: TimeSpan
  private let now: Timestamp

  init(_ plan: RetentionPlan, isApplied: Bool, grace: TimeSpan, at now: Timestamp) {
    (self.plan, self.isApplied, self.grace, self.now) = (plan, isApplied, grace, now)
  }

  /// Tells of every snapshot, and how much space goes with those that go.
  func tell(_ console: Console) {
    let marked = Dictionary(plan.waiting.map { ($0.place, $0.until) }) { first, _ in first }
    let (condemn, ripe) = (Set(plan.condemn), Set(plan.ripe))
    for verdict in plan.verdicts {
      let place = verdict.snapshot.place
      let until =
        condemn.contains(place) ? now + grace : ripe.contains(place) ? now : marked[place]
      let fate: Line.Fate =
        !verdict.reasons.isEmpty
        ? .kept
        : ripe.contains(place)
          ? .removed : condemn.contains(place) ? .marked : until == nil ? .braked : .waiting
      let why = verdict.reasons.map(\.description)
      console.say(
        "\(place.snapshot)  \(place.host)  received \(verdict.snapshot.received)  "
          + fate.text(why, until: until, isApplied: isApplied))
      console.emit(
        Line(
          snapshot: place.snapshot, host: place.host, sequence: place.sequence.number,
          received: verdict.snapshot.received, fate: fate, reasons: why, until: until))
    }
    let now = plan.ripe + plan.unfinished
    let leaving = plan.condemn + plan.waiting.map(\.place)
    if !leaving.isEmpty {
      let going = plan.objects(goingWith: now)
      let all = plan.objects(goingWith: now + leaving).filter { going[$0.key] == nil }
      let what = isApplied ? "are marked" : "are marked, or would be"
      sum("leaving", leaving, all, "\(what); their grace is not over", console)
    }
    if !isApplied, !now.isEmpty {
      sum("ripe", now, plan.objects(goingWith: now), "would go now", console)
    }
    for finding in plan.accepted {
      console.warn("despite \(finding.code.rawValue): \(finding.newest.host): \(finding.text)")
    }
    if !isApplied { console.say("nothing was changed: --apply does it") }
  }

  /// Tells what was removed.
  func tell(_ removal: RetentionRun.Removal, _ console: Console) {
    console.say(
      "removed \(removal.snapshots.count) snapshots: \(removal.objects) objects, "
        + "\(ByteText(removal.bytes)) freed")
    console.emit(
      Freed(
        event: "removed", snapshots: removal.snapshots.map(\.snapshot), objects: removal.objects,
        bytes: removal.bytes))
  }

  /// What speaks against the plan, as errors, and the status that comes of it.
  func verdict(_ console: Console, _ options: KeeperOptions) -> ExitStatus {
    for problem in plan.problems { console.report(problem) }
    for finding in plan.findings {
      let code = finding.code.rawValue
      console.report(
        OperatorError(
          "retain.\(code)", .refused,
          "nothing of host \(finding.newest.host) is touched: \(finding.text)",
          hint: "look at the host and hold a drill; --despite \(code) goes on"))
    }
    for host in plan.strangers {
      console.report(UnknownHost(host, options).error("nothing of it is touched"))
    }
    if !plan.problems.isEmpty { return .untrusted }
    if !plan.findings.isEmpty { return .refused }
    return plan.strangers.isEmpty ? .done : .partly
  }

  private func sum(
    _ event: String, _ places: [SnapshotPlace], _ objects: [ObjectName: Int], _ what: String,
    _ console: Console
  ) {
    let bytes = objects.values.reduce(0, +)
    console.say(
      "\(places.count) snapshots \(what): \(objects.count) objects, \(ByteText(bytes)) with them")
    console.emit(
      Freed(event: event, snapshots: places.map(\.snapshot), objects: objects.count, bytes: bytes))
  }

  private struct Line: Encodable {
    enum Fate: String, Encodable {
      case kept, marked, waiting, removed, braked

      func text(_ reasons: [String], until: Timestamp?, isApplied: Bool) -> String {
        let moment = until.map { " \($0)" } ?? ""
        return switch self {
        case .kept: "kept: \(reasons.joined(separator: ", "))"
        case .marked: "\(isApplied ? "marked" : "would be marked"), to go after\(moment)"
        case .waiting: "marked, to go after\(moment)"
        case .removed: isApplied ? "goes" : "would go"
        case .braked: "no rule keeps it, but it stays: see below"
        }
      }
    }

    let event = "snapshot"
    let snapshot: SnapshotID
    let host: String
    let sequence: Int
    let received: Timestamp
    let fate: Fate
    let reasons: [String]
    let until: Timestamp?
  }

  private struct Freed: Encodable {
    let event: String
    let snapshots: [SnapshotID]
    let objects: Int
    let bytes: Int
  }
}
