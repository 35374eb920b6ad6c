import ArgumentParser
import CustodyRecords
import OperatorConsole
import Vocabulary

/// Shows the record.
struct RecordList: CofferVerb {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Show what was done to keys, by whom and when.",
    discussion: """
      Each entry is checked before it is shown; at the first that does not hold, the list ends with an \
      error.
      """)

  @OptionGroup var state: StateOption
  @OptionGroup var trust: RecordTrust
  @OptionGroup var output: OutputOptions

  func perform(_ context: ToolContext) throws -> ExitStatus {
    var count = 0
    let record = try state.record()
    try record.read(trusting: trust.key(), expecting: trust.head()) { verified in
      count += 1
      context.console.say(text(verified))
      context.console.emit(EntryLine(verified))
    }
    guard count > 0 else { throw RecordVerify.nothing(record) }
    return .done
  }

  private func text(_ verified: VerifiedRecordEntry) -> String {
    let entry = verified.entry
    let sudo = entry.who.sudoUser.map { " (sudo by \($0))" } ?? ""
    let subject = [entry.subject.device, entry.subject.uuid].compactMap { $0 }
    return "\(entry.sequence)  \(entry.time)  \(entry.action)  \(entry.outcome.rawValue)  "
      + "\(subject.joined(separator: " ").onOneLine)  \(entry.who.user)@\(entry.who.host)\(sudo)"
  }
}

/// An entry as JSON, with its hash.
private struct EntryLine: Encodable {
  let event = "record-entry"
  let sha256: SHA256Digest
  let entry: RecordEntry

  init(_ verified: VerifiedRecordEntry) {
    sha256 = verified.head.sha256
    entry = verified.entry
  }
}
