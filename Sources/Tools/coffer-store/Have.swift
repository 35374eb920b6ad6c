import ArgumentParser
import Keeping
import LocalFiles
import OperatorConsole
import Repository
import SecretMemory
import SystemPackage
import Vocabulary
import Volumes

extension CofferStore {
  /// Lists what a store has.
  struct Have: CofferVerb {
    static let configuration = CommandConfiguration(
      abstract: "List what a store has, to be carried to where volumes are made for it.",
      discussion: """
        The heads of its ledgers, and what is missing here of what they ask for: a short file, \
        which 'coffer-store export --since' takes. It holds no secret. Objects are looked at, not read: \
        'coffer-store scrub' reads them.
        """)

    @OptionGroup var keeper: KeeperOptions
    @OptionGroup var output: OutputOptions

    @Option(
      name: .customLong("to"), help: "The file to write. [default: standard output]",
      completion: .file())
    var file: String?

    func perform(_ context: ToolContext) throws -> ExitStatus {
      let (store, folder) = try keeper.open(telling: context.console)
      let holdings = try StoreHoldings(
        in: store, of: KnownHosts(in: folder), remembering: RememberedHeads(in: folder),
        without: DroppedSnapshots(in: store, of: folder))
      let list = try HaveList(holdings, CheckDates(in: folder), in: store)
      try list.deliver(to: file, context.console)
      return LedgerVerdict(holdings, keeper).tell(context.console)
    }
  }
}

extension HaveList {
  /// Writes the list to a file, or as a result where none is named.
  func deliver(to file: String?, _ console: Console) throws {
    let text = try JSONDocument.pretty(self)
    guard let file else {
      console.say(String(decoding: text.dropLast(), as: UTF8.self))
      console.emit(self)
      return
    }
    do {
      try text.withBytes { try DurableFile.write($0, to: FilePath(file)) }
    } catch {
      throw OperatorError("have.unwritable", .failed, "cannot write \(file): \(error)")
    }
    console.say("wrote what is here to \(file)")
  }
}
