import ArgumentParser
import CustodyRecords
import OperatorConsole
import Signatures
import Vocabulary

/// Checks the record.
struct RecordVerify: CofferVerb {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check every entry's signature and place in the chain.",
    discussion: """
      Names the first entry that is missing, changed, unsigned or out of place, and exits with 13. The \
      key beside the record proves nothing against who is root here: note record.pub elsewhere when \
      the record begins, and the head that this prints now and then, and give them by --trust and \
      --expect-head. That entries were cut off at the end is found by --expect-head alone.
      """)

  @OptionGroup var state: StateOption
  @OptionGroup var trust: RecordTrust
  @OptionGroup var output: OutputOptions

  func perform(_ context: ToolContext) throws -> ExitStatus {
    let record = try state.record()
    let key = try trust.key()
    let entries = try record.entries(trusting: key, expecting: trust.head())
    guard let head = entries.last?.head else { throw Self.nothing(record) }
    context.console.say("\(entries.count) entries hold, head \(head.sequence) \(head.sha256)")
    if key == nil {
      context.console.warn("believed the key beside the record; name the one you noted by --trust")
    }
    context.console.emit(
      Line(entries: entries.count, head: head.sha256, trusted: key.map { $0.description }))
    return .done
  }

  /// That there is no record.
  static func nothing(_ record: CustodyRecord) -> OperatorError {
    OperatorError(
      "record.none", .nothingDone, "there is no custody record in \(record.state) yet")
  }

  private struct Line: Encodable {
    let event = "record-verified"
    let entries: Int
    let head: SHA256Digest
    let trusted: String?
  }
}
