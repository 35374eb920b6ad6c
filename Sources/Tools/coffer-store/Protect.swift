import ArgumentParser
import Keeping
import LocalFiles
import OperatorConsole
import Repository
import Scrubbing
import Vocabulary

extension CofferStore {
  /// Makes parity.
  struct Protect: CofferVerb {
    static let configuration = CommandConfiguration(
      abstract: "Make parity for what has none yet, so that damage can be mended.",
      discussion: """
        Objects are put together in batches of up to 1 GiB, each with Reed-Solomon parity that \
        'scrub --repair' mends flipped bytes and lost objects from. Run it after each night: what is new is \
        read once. Objects that are hurt get no parity, and are named: exit code 4.
        """)

    @OptionGroup var keeper: KeeperOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var figures: MetricsOption
    @OptionGroup var parity: ParityOption

    @Option(help: "Read at most so many bytes a second, such as 50M.")
    var maxRate: ByteRate?

    func perform(_ context: ToolContext) throws -> ExitStatus {
      try figures.written(of: keeper, context.console) {
        let (store, folder) = try keeper.open(telling: context.console)
        let lock = try folder.lock()
        let status = try KeeperJournal(in: folder).noting("protect") { details in
          try protect(store, folder, context, &details)
        }
        lock.release()
        return status
      }
    }

    private func protect(
      _ store: any BlobStore, _ folder: KeeperFolder, _ context: ToolContext,
      _ details: inout [String: JSONValue]
    ) throws -> ExitStatus {
      let console = context.console
      let lease = try store.prepareForWriting()
      let hosts = KnownHosts(in: folder)
      try CutOffRewrapping(in: store, of: hosts, keeper).end(console)
      var heads = try RememberedHeads(in: folder)
      let holdings = try StoreHoldings(
        in: store, of: hosts, remembering: heads,
        without: DroppedSnapshots(in: store, of: folder))
      console.begin("parity")
      let report = try Protection(
        store, holdings, meter: context.meter, interruption: context.interruption
      ).run(percent: parity.parity, atMost: maxRate ?? .unlimited)
      try heads.remember(holdings.soundHeads)
      details = [
        "batches": .integer(report.made), "objects": .integer(report.objects),
        "hurt": .integer(report.hurt.count),
      ]
      lease.release()
      tell(report, console)
      let verdict = LedgerVerdict(holdings, keeper).tell(console)
      guard report.hurt.isEmpty || verdict == .untrusted else {
        throw OperatorError(
          "protect.hurt", .mismatch,
          "\(report.hurt.count) objects are not what the host signed for, and got no parity",
          hint: "'coffer-store scrub --repair' mends what older parity can mend")
      }
      return verdict
    }

    private func tell(_ report: Protection.Report, _ console: Console) {
      for hurt in report.hurt { console.say("BAD     \(hurt.problem)") }
      for name in report.tooLarge { console.say("note: too large for parity: \(name)") }
      console.say(
        "\(report.objects) objects, \(ByteText(report.bytes)), in \(report.batches) batches "
          + "with \(ByteText(report.parityBytes)) of parity; \(report.made) batches made now")
      console.emit(Line(report))
    }

    private struct Line: Encodable {
      let event = "protected"
      let objects: Int
      let bytes: Int
      let batches: Int
      let made: Int
      let parityBytes: Int
      let hurt: [String]
      let tooLarge: [String]

      init(_ report: Protection.Report) {
        (objects, bytes, batches) = (report.objects, report.bytes, report.batches)
        (made, parityBytes) = (report.made, report.parityBytes)
        (hurt, tooLarge) = (report.hurt.map(\.object), report.tooLarge)
      }
    }
  }
}
