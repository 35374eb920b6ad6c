import ArgumentParser
import Keeping
import LocalFiles
import OperatorConsole
import Repository
import Scrubbing
import Vocabulary

extension CofferStore {
  /// Checks what a store holds.
  struct ScrubVerb: CofferVerb {
    static let configuration = CommandConfiguration(
      commandName: "scrub",
      abstract: "Check every object of every kept snapshot, and every ledger.",
      discussion: """
        Size and SHA-256 of objects, signatures and links of ledgers. With --fraction 1/7, run every \
        night, each object is checked once a week: what was checked longest ago comes first. A run that \
        was stopped or killed is gone on with. Hurt objects, and the snapshots that need them, are named: \
        exit code 4. Objects that no snapshot needs are listed, and left alone. --repair mends what is \
        hurt from the parity that 'protect' made; what was mended is proven before it takes its place. \
        Where an officer's rewrapping was cut off, what still has its old header is not hurt: exit code 3, and \
        --repair ends it.
        """)

    @OptionGroup var keeper: KeeperOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var figures: MetricsOption

    @Option(help: "Check this part of the store's bytes only, such as 1/7.")
    var fraction: CheckShare = .everything

    @Option(help: "Read at most so many bytes a second, such as 50M.")
    var maxRate: ByteRate?

    @Flag(help: "Mend what is hurt, as far as there is parity.")
    var repair = false

    @OptionGroup var parity: ParityOption

    func perform(_ context: ToolContext) throws -> ExitStatus {
      try figures.written(of: keeper, context.console) {
        let (store, folder) = try keeper.open(telling: context.console)
        let lock = try folder.lock()
        let status = try KeeperJournal(in: folder).noting("scrub") { details in
          try scrub(store, folder, context, &details)
        }
        lock.release()
        return status
      }
    }

    private func scrub(
      _ store: any BlobStore, _ folder: KeeperFolder, _ context: ToolContext,
      _ details: inout [String: JSONValue]
    ) throws -> ExitStatus {
      let console = context.console
      try KeeperAtWork.receive(in: store, folder, console)
      let lease = repair ? try store.prepareForWriting() : nil
      let hosts = KnownHosts(in: folder)
      let rewrapping = CutOffRewrapping(in: store, of: hosts, keeper)
      if repair { try rewrapping.end(console) }
      let dropped = try DroppedSnapshots(in: store, of: folder)
      var heads = try RememberedHeads(in: folder)
      let holdings = try StoreHoldings(
        in: store, of: hosts, remembering: heads, without: dropped)
      console.begin("objects")
      let scrub = Scrub(
        store, folder, holdings, without: dropped, waiting: try rewrapping.waiting(),
        meter: context.meter, interruption: context.interruption)
      let mending: Scrub.Mending = repair ? .mend(percent: parity.parity) : .report
      let report = try scrub.run(fraction, atMost: maxRate ?? .unlimited, mending: mending)
      lease?.release()
      try heads.remember(holdings.soundHeads)
      details = ScrubText.details(report)
      ScrubText(report).tell(console)
      let verdict = LedgerVerdict(holdings, keeper).tell(console)
      if !report.waiting.isEmpty {
        console.report(CutOffRewrapping.error(report.waiting.count))
      }
      guard report.hurt.isEmpty || verdict == .untrusted else {
        throw ScrubText.failure(report, after: mending)
      }
      guard holdings.hosts.contains(where: { $0.head != nil }) || verdict != .done else {
        throw ScrubText.nothing
      }
      return verdict == .done && !report.waiting.isEmpty ? .partly : verdict
    }
  }
}

extension CheckShare: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument) }
}

extension ByteRate: ExpressibleByArgument {
  package convenience init?(argument: String) { self.init(argument) }
}
