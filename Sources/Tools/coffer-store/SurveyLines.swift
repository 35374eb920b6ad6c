import Keeping
import OperatorConsole
import Repository
import Scrubbing
import Signatures
import Surveying
import Vocabulary

/// How a store is kept, one JSON object a line, each with its `event`.
struct SurveyLines {
  private let survey: StoreSurvey

  init(_ survey: StoreSurvey) {
    self.survey = survey
  }

  func emit(_ console: Console) {
    for host in survey.hosts { console.emit(HostLine(host)) }
    console.emit(StoreLine(survey))
    console.emit(ChecksLine(survey.condition.checks))
    console.emit(ParityLine(survey.condition.parity))
    for hold in survey.holds { console.emit(HoldLine(hold)) }
    for mark in survey.marks { console.emit(MarkLine(mark)) }
    for refusal in survey.journal.refusals {
      console.emit(RefusalLine(refusal, since: survey.since))
    }
    for act in survey.journal.acts { console.emit(ActLine(act)) }
  }
}

extension SurveyLines {
  private struct HostLine: Encodable {
    let event = "host"
    let host: String
    let trusted: Bool
    let sequence: Int?
    let head: SHA256Digest?
    let snapshots: Int
    let objects: Int
    let bytes: Int
    let marked: Int
    let held: Int
    let gone: Int
    let receivedSequence: Int?
    let received: Timestamp?
    let unreceived: Int

    init(_ survey: HostSurvey) {
      let holding = survey.holding
      (host, trusted) = (holding.host.description, holding.isVouchedFor)
      (sequence, head) = (holding.head?.sequence.number, holding.head?.sha256)
      (snapshots, objects, bytes) = (holding.snapshots, holding.count, holding.bytes)
      (marked, held, gone) = (survey.marked, survey.held, survey.gone)
      receivedSequence = survey.newestReceipt?.sequence.number
      (received, unreceived) = (survey.newestReceipt?.time, survey.unreceived)
    }
  }

  private struct StoreLine: Encodable {
    let event = "store"
    let time: Timestamp
    let hosts: Int
    let snapshots: Int
    let bytes: Int
    let freeBytes: Int?

    init(_ survey: StoreSurvey) {
      (time, hosts) = (survey.time, survey.hosts.count)
      snapshots = survey.hosts.reduce(0) { $0 + $1.holding.snapshots }
      (bytes, freeBytes) = (survey.bytes, survey.freeBytes)
    }
  }

  private struct ChecksLine: Encodable {
    /// More names than a line should have.
    private static let mostNamed = 1000

    let event = "checks"
    let objects: Int
    let checked: Int
    let unchecked: Int
    let oldest: Timestamp?
    let bad: Int
    let badObjects: [String]

    init(_ checks: StoreCondition.Checks) {
      (objects, unchecked) = (checks.objects, checks.unchecked)
      (checked, oldest) = (checks.objects - checks.unchecked, checks.oldest)
      (bad, badObjects) = (checks.bad.count, Array(checks.bad.prefix(Self.mostNamed)))
    }
  }

  private struct ParityLine: Encodable {
    let event = "parity"
    let batches: Int
    let bytes: Int
    let protected: Int
    let unprotected: Int

    init(_ parity: StoreCondition.Parity) {
      (batches, bytes) = (parity.batches, parity.bytes)
      (protected, unprotected) = (parity.protected, parity.unprotected)
    }
  }

  private struct HoldLine: Encodable {
    let event = "hold"
    let snapshot: SnapshotID
    let reason: String
    let since: Timestamp

    init(_ hold: StoreSurvey.Hold) {
      (snapshot, reason, since) = (hold.snapshot, hold.reason, hold.since)
    }
  }

  private struct MarkLine: Encodable {
    let event = "mark"
    let snapshot: SnapshotID
    let host: String
    let sequence: Int
    /// It goes after this moment; none where its removal was begun.
    let until: Timestamp?
    /// When its removal was begun that has not ended.
    let removing: Timestamp?

    init(_ mark: StoreSurvey.Mark) {
      (snapshot, host) = (mark.place.snapshot, mark.place.host)
      sequence = mark.place.sequence.number
      switch mark.state {
      case .waiting(let moment): (until, removing) = (moment, nil)
      case .going(let moment): (until, removing) = (nil, moment)
      }
    }
  }

  private struct RefusalLine: Encodable {
    let event = "refusal"
    let host: String
    let code: String
    /// How often since `since`, and how often ever.
    let count: Int
    let since: Timestamp
    let total: Int
    let last: Timestamp
    let message: String

    init(_ refusal: JournalTally.Refusal, since: Timestamp) {
      (host, code, message) = (refusal.host, refusal.code, refusal.message)
      (count, self.since, total) = (refusal.recent, since, refusal.total)
      last = refusal.last
    }
  }

  private struct ActLine: Encodable {
    let event = "act"
    let act: String
    let time: Timestamp
    let status: Int32
    let code: String?
    let completed: Timestamp?

    init(_ act: JournalTally.Act) {
      (self.act, time, status) = (act.name, act.time, act.status.rawValue)
      (code, completed) = (act.code, act.completed)
    }
  }
}
