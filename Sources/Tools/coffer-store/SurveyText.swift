import Keeping
import OperatorConsole
import Repository
import Scrubbing
import Signatures
import Surveying
import Vocabulary

/// How a store is kept, for a person.
struct SurveyText {
  /// More holds, marks or refusals than anybody reads on a page.
  private static let mostTold = 20

  private let survey: StoreSurvey

  init(_ survey: StoreSurvey) {
    self.survey = survey
  }

  func tell(_ console: Console) {
    tellFindings(console)
    for host in survey.hosts { tell(host, console) }
    tellStrangers(console)
    tellCondition(console)
    list("held", survey.holds, console) {
      "\($0.snapshot)  since \($0.since): \($0.reason.onOneLine)"
    }
    list("marked", survey.marks, console) { mark in
      let place = "\(mark.place.snapshot)  \(mark.place.host)"
      return switch mark.state {
      case .waiting(let until): "\(place)  to go after \(until)"
      case .going(let since): "\(place)  its removal was begun \(since) and not ended"
      }
    }
    list("last", survey.journal.acts, console) { act in
      let name = act.name.onOneLine
      let end = act.status == .done ? "done" : "exit \(act.status.rawValue)"
      return name + String(repeating: " ", count: max(0, 8 - name.count))
        + "  \(moment(act.time))  \(end)\(act.code.map { " [\($0.onOneLine)]" } ?? "")"
    }
  }

  /// What somebody should look at.
  private func tellFindings(_ console: Console) {
    let checks = survey.condition.checks
    if checks.unchecked > 0 {
      console.say("note: \(checks.unchecked) objects were never checked")
    }
    if survey.condition.parity.unprotected > 0 {
      console.say("note: \(survey.condition.parity.unprotected) objects have no parity")
    }
    for act in survey.journal.acts where ![.done, .nothingDone].contains(act.status) {
      console.say("note: the last \(act.name.onOneLine) did not end well, see below")
    }
    let refused = survey.journal.refusals.reduce(0) { $0 + $1.recent }
    if refused > 0 {
      console.say("note: hosts were refused \(refused) times since \(survey.since), see below")
    }
  }

  private func tell(_ host: HostSurvey, _ console: Console) {
    let holding = host.holding
    console.say(
      "\(holding.host)  \(holding.snapshots) snapshots, \(holding.count) objects, "
        + "\(ByteText(holding.bytes))")
    if let head = holding.head {
      console.say("    ledger head \(head.sequence.number) \(head.sha256)")
    }
    let others = [(host.marked, "marked to go"), (host.held, "held"), (host.gone, "gone before")]
      .filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    if !others.isEmpty { console.say("    \(others.joined(separator: ", "))") }
    if let receipt = host.newestReceipt {
      console.say("    entry \(receipt.sequence.number) received \(moment(receipt.time))")
    }
    if host.unreceived > 0 {
      console.say("    \(host.unreceived) entries have no receipt of the keeper yet")
    }
    tell(survey.journal.refusals.filter { $0.host == holding.host.description }, console)
  }

  /// Hosts of which nothing was ever taken.
  private func tellStrangers(_ console: Console) {
    let known = Set(survey.hosts.map(\.holding.host.description))
    let others = survey.journal.refusals.filter { !known.contains($0.host) && $0.recent > 0 }
    for (host, refusals) in Dictionary(grouping: others, by: \.host).sorted(by: { $0.key < $1.key })
    {
      console.say("\(host.onOneLine)  no ledger here")
      tell(refusals, console)
    }
  }

  private func tell(_ refusals: [JournalTally.Refusal], _ console: Console) {
    list("    refused", refusals.filter { $0.recent > 0 }, console) {
      "\($0.recent) times \($0.code), last \(moment($0.last)): \($0.message.onOneLine)"
    }
  }

  private func tellCondition(_ console: Console) {
    let (checks, parity) = (survey.condition.checks, survey.condition.parity)
    console.say(
      "checks  \(checks.objects - checks.unchecked) of \(checks.objects) objects, "
        + "\(checks.bad.count) bad"
        + (checks.oldest.map { ", the oldest check \(moment($0))" } ?? ""))
    console.say(
      "parity  \(parity.protected) of \(parity.protected + parity.unprotected) objects, "
        + "\(parity.batches) batches, \(ByteText(parity.bytes))")
    console.say(
      "space   \(ByteText(survey.bytes)) of objects and parity"
        + (survey.freeBytes.map { ", \(ByteText($0)) free" } ?? ""))
  }

  private func list<Item>(
    _ title: String, _ items: [Item], _ console: Console, _ line: (Item) -> String
  ) {
    guard !items.isEmpty else { return }
    console.say(title)
    let margin = String(title.prefix { $0 == " " }) + "    "
    for item in items.prefix(Self.mostTold) { console.say(margin + line(item)) }
    if items.count > Self.mostTold {
      console.say("\(margin)and \(items.count - Self.mostTold) more: --json has all")
    }
  }

  /// A moment, and how long ago it was, in the one unit that says most.
  private func moment(_ time: Timestamp) -> String {
    let seconds = time.age(at: survey.time).seconds
    let units = [("days", 86_400), ("hours", 3_600), ("minutes", 60)]
    let age = units.first { seconds >= 2 * $0.1 }.map { "\(seconds / $0.1) \($0.0)" }
    return "\(time)" + (age.map { ", \($0) ago" } ?? "")
  }
}
