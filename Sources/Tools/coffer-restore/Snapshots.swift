import ArgumentParser
import OperatorConsole
import Operations
import Repository
import Vocabulary

extension CofferRestore {
  /// Lists snapshots.
  struct Snapshots: CofferVerb {
    static let configuration = CommandConfiguration(
      abstract: "List the snapshots of a host. Needs no identity.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func perform(_ context: ToolContext) throws -> ExitStatus {
      let view = try store.open()
      guard !view.ledger.entries.isEmpty else {
        throw OperatorError(
          "snapshot.none", .nothingDone, "the store at \(view.store.location) holds no snapshot yet"
        )
      }
      for verified in view.ledger.entries {
        let entry = verified.entry
        let sources = entry.sources.filter(\.isThere)
        context.console.say(
          "\(entry.snapshot)  \(entry.started)  \(sources.count) sources, "
            + "\(ByteText(sources.reduce(0) { $0 &+ $1.bytes })), "
            + "\(ByteText(entry.added.reduce(0) { $0 &+ $1.size })) added")
        if let word = word(view.keeper, of: entry) { context.console.say("    \(word)") }
        for source in entry.sources where source.state != .saved {
          context.console.say("    \(source.name): \(source.state.rawValue)")
        }
        context.console.emit(Line(entry, head: verified.sha256, view.keeper))
      }
      if let head = view.ledger.head {
        context.console.say("ledger head \(head.sequence.number) \(head.sha256)")
      }
      return .done
    }

    private func word(_ keeper: KeeperWord, of entry: LedgerEntry) -> String? {
      if let moment = keeper.removal(of: entry) { return "removed by the keeper on \(moment)" }
      if let moment = keeper.mark(of: entry) {
        return "marked by the keeper: may go after \(moment)"
      }
      return keeper.hold(of: entry).map { "held by the keeper: \($0.onOneLine)" }
    }

    private struct Line: Encodable {
      let event = "snapshot"
      let snapshot: String
      let sequence: Int
      let head: SHA256Digest
      let host: String
      let hostname: String
      let started: Timestamp
      let finished: Timestamp
      let sources: [SourceSummary]
      let addedBytes: Int
      let neededBytes: Int
      let removed: Timestamp?
      let marked: Timestamp?
      let held: String?

      init(_ entry: LedgerEntry, head: SHA256Digest, _ keeper: KeeperWord) {
        (snapshot, sequence) = (entry.snapshot.text, entry.sequence.number)
        self.head = head
        (host, hostname) = (entry.host, entry.hostname)
        (started, finished, sources) = (entry.started, entry.finished, entry.sources)
        addedBytes = entry.added.reduce(0) { $0 &+ $1.size }
        neededBytes = entry.needed.bytes
        (removed, marked) = (keeper.removal(of: entry), keeper.mark(of: entry))
        held = keeper.hold(of: entry)
      }
    }
  }
}
