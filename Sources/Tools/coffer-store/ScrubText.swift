import Keeping
import OperatorConsole
import Repository
import Scrubbing
import Vocabulary

/// What a scrub found, as text or as JSON.
struct ScrubText {
  private let report: Scrub.Report

  init(_ report: Scrub.Report) {
    self.report = report
  }

  func tell(_ console: Console) {
    for name in report.mended {
      console.say("mended  \(name)")
      console.emit(MendedLine(object: name))
    }
    for name in report.waiting { console.emit(WaitingLine(object: name)) }
    for hurt in report.hurt {
      console.say("BAD     \(hurt.problem)")
      console.emit(
        HurtLine(object: hurt.object, code: hurt.problem.code, message: hurt.problem.message))
    }
    for snapshot in report.hurtSnapshots {
      console.say(
        "BAD     snapshot \(snapshot.place.snapshot) of \(snapshot.place.host) needs \(snapshot.count) of them: "
          + snapshot.objects.prefix(3).joined(separator: ", ")
          + (snapshot.count > 3 ? ", …" : ""))
      console.emit(
        SnapshotLine(
          host: snapshot.place.host, snapshot: snapshot.place.snapshot,
          sequence: snapshot.place.sequence.number,
          count: snapshot.count, objects: snapshot.objects))
    }
    for name in report.unreferenced {
      console.say("note: no snapshot needs \(name.onOneLine)")
      console.emit(UnreferencedLine(object: name))
    }
    if report.isResumed { console.say("note: went on with a scrub that was cut off") }
    console.say(
      "checked \(report.checkedObjects) of \(report.objects) objects, "
        + "\(ByteText(report.checkedBytes)) of \(ByteText(report.bytes))")
    if report.unchecked > 0 {
      console.say("\(report.unchecked) objects were never checked")
    } else if let oldest = report.oldest {
      console.say("every object was checked since \(oldest)")
    }
    if report.unprotected > 0 {
      console.say("\(report.unprotected) objects have no parity: 'coffer-store protect' makes it")
    }
    console.emit(ResultLine(report))
  }

  /// What the keeper's journal says of a scrub.
  static func details(_ report: Scrub.Report) -> [String: JSONValue] {
    [
      "objects": .integer(report.checkedObjects), "bytes": .integer(report.checkedBytes),
      "hurt": .integer(report.hurt.count), "mended": .integer(report.mended.count),
      "some": .list((report.hurt.map(\.object) + report.mended).prefix(20).map { .text($0) }),
    ]
  }

  /// What a scrub that found damage ends with.
  static func failure(_ report: Scrub.Report, after mending: Scrub.Mending) -> OperatorError {
    let parity = report.hurt.count { $0.object.hasPrefix("parity/") }
    let objects = report.hurt.count - parity
    let message =
      objects == 0
      ? "\(parity) objects of parity are missing or damaged; no backup is, see above"
      : "\(objects) objects are not what the host signed for; "
        + "\(report.hurtSnapshots.count) snapshots need them, see above"
    let hint =
      switch mending {
      case .report: "on a disk that is well, --repair mends what parity can mend"
      case .mend: "what is left is beyond parity, or cannot be written: look for another copy"
      }
    return OperatorError(
      "scrub.hurt", .mismatch, message, hint: "\(hint): docs/runbooks/broken-disk.md")
  }

  /// What a scrub ends with that had nothing to check.
  static var nothing: OperatorError {
    OperatorError(
      "scrub.nothing", .nothingDone, "the store holds no snapshot: nothing was checked",
      hint: "is it the right folder, and was a night saved to it?")
  }

  private struct MendedLine: Encodable {
    let event = "mended"
    let object: String
  }

  private struct WaitingLine: Encodable {
    let event = "waiting"
    let object: String
  }

  private struct HurtLine: Encodable {
    let event = "hurt"
    let object: String
    let code: String
    let message: String
  }

  private struct SnapshotLine: Encodable {
    let event = "hurt-snapshot"
    let host: String
    let snapshot: SnapshotID
    let sequence: Int
    let count: Int
    let objects: [String]
  }

  private struct UnreferencedLine: Encodable {
    let event = "unreferenced"
    let object: String
  }

  private struct ResultLine: Encodable {
    let event = "scrubbed"
    let objects: Int
    let bytes: Int
    let checkedObjects: Int
    let checkedBytes: Int
    let mended: Int
    let hurt: Int
    let hurtSnapshots: Int
    let unprotected: Int
    let unreferenced: Int
    let unchecked: Int
    let oldestCheck: Timestamp?
    let resumed: Bool

    init(_ report: Scrub.Report) {
      (objects, bytes) = (report.objects, report.bytes)
      (checkedObjects, checkedBytes) = (report.checkedObjects, report.checkedBytes)
      (mended, unprotected) = (report.mended.count, report.unprotected)
      (hurt, hurtSnapshots) = (report.hurt.count, report.hurtSnapshots.count)
      (unreferenced, unchecked) = (report.unreferenced.count, report.unchecked)
      (oldestCheck, resumed) = (report.oldest, report.isResumed)
    }
  }
}
