import ArgumentParser
import Keeping
import OperatorConsole
import Repository
import Signatures
import Vocabulary

extension CofferStore {
  /// Shows what a store must hold.
  struct Status: CofferVerb {
    static let configuration = CommandConfiguration(
      abstract: "Show the hosts of a store, and what their ledgers say it must hold.",
      discussion: """
        Ledgers are checked, objects are not looked at. A ledger of a host whose key is not known is \
        read, but nobody vouches for it: exit code 3 then.
        """)

    @OptionGroup var keeper: KeeperOptions
    @OptionGroup var output: OutputOptions

    func perform(_ context: ToolContext) throws -> ExitStatus {
      let (store, folder) = try keeper.open()
      let holdings = try StoreHoldings(
        in: store, of: KnownHosts(in: folder), remembering: RememberedHeads(in: folder),
        without: DroppedSnapshots(in: store, of: folder))
      for holding in holdings.hosts {
        context.console.say(
          "\(holding.host)  \(holding.snapshots) snapshots, \(holding.count) objects, "
            + "\(ByteText(holding.bytes))")
        if let head = holding.head {
          context.console.say("    ledger head \(head.sequence.number) \(head.sha256)")
        }
        context.console.emit(Line(holding))
      }
      return LedgerVerdict(holdings, keeper).tell(context.console)
    }

    private struct Line: Encodable {
      let event = "host"
      let host: String
      let trusted: Bool
      let sequence: Int?
      let head: SHA256Digest?
      let snapshots: Int
      let objects: Int
      let bytes: Int

      init(_ holding: HostHolding) {
        (host, trusted) = (holding.host.description, holding.isVouchedFor)
        (sequence, head) = (holding.head?.sequence.number, holding.head?.sha256)
        (snapshots, objects, bytes) = (holding.snapshots, holding.count, holding.bytes)
      }
    }
  }
}
