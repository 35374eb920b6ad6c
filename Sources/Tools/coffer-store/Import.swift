import ArgumentParser
import Keeping
import LocalFiles
import OperatorConsole
import Repository
import Signatures
import Stores
import SystemPackage
import Vocabulary
import Volumes

extension CofferStore {
  /// Takes a set of volumes in.
  struct Import: CofferVerb {
    static let configuration = CommandConfiguration(
      abstract: "Take a set of volumes in, prove it, and write a receipt.",
      discussion: """
        Objects come first, each compared with what its host signed for; then the ledger entries that have all \
        they need, in order. Lost or damaged volumes are made good from the others, as far as there is parity. \
        Nothing else is overwritten. A run that was killed is gone on with; volumes may also be put in one after the \
        other. A store that is not there yet is made. What an officer rewrapped takes the place of what is older \
        here, once his key was named with --officer. What the keeper there let go of is taken over from him, once \
        his key was named with --keeper.
        """)

    @OptionGroup var keeper: KeeperOptions
    @OptionGroup var output: OutputOptions

    @Option(
      name: .customLong("from"), parsing: .upToNextOption,
      help: "Media, or folders with copies of them.", completion: .directory)
    var folders: [String]

    @Option(
      name: .customLong("keeper"),
      help: ArgumentHelp(
        "The public key of the keeper who wrote the set, his keeper.pub. May be repeated.",
        discussion: "His word is taken for what he let go of. It is remembered."),
      completion: .file())
    var keepers: [String] = []

    @Option(
      help: "Where to write the receipt. [default: receipt.json in the keeper's folder]",
      completion: .file())
    var receipt: String?

    @Flag(help: "Show what would be taken in, and take in nothing.")
    var dryRun = false

    func perform(_ context: ToolContext) throws -> ExitStatus {
      let console = context.console
      let search = try MediaSearch(in: folders.map { FilePath($0) })
      for problem in search.problems { console.report(problem) }
      let set = try search.onlySet()
      for problem in set.problems { console.report(problem) }
      let place = ImportPlace(keeper, keepers: keepers)
      if dryRun { return try rehearse(set, place, console) }
      let (store, folder) = try place.prepare()
      let lock = try folder.lock()
      let status = try KeeperJournal(in: folder).noting("import") { details in
        try take(set, to: place, store, folder, context, &details)
      }
      lock.release()
      return status
    }

    private func take(
      _ set: VolumeSet, to place: ImportPlace, _ store: any BlobStore, _ folder: KeeperFolder,
      _ context: ToolContext, _ details: inout [String: JSONValue]
    ) throws -> ExitStatus {
      let console = context.console
      let staging = place.staging
      let leases = [try store.prepareForWriting(), try staging.prepareForWriting()]
      var heads = try RememberedHeads(in: folder)
      let (hosts, checks) = (KnownHosts(in: folder), CheckDates(in: folder))
      let dropped = try DroppedSnapshots(in: store, of: folder)
      let plan = try ImportPlan(
        of: set, into: store, place.trust(folder), remembering: heads, checks,
        staged: Set(staging.objects()), without: dropped)
      try place.requireSpace(for: plan.offered.bytes)
      console.begin("objects")
      let report = try ImportRun(
        of: set, into: store, over: staging, noting: checks, meter: context.meter,
        interruption: context.interruption
      ).run(plan)
      details = ImportText.details(set, report)
      guard try store.size(of: .format) != nil else {
        for lease in leases { lease.release() }
        return ImportText(set, console).tell(report)
      }
      let taken = try RemovalsTakenOver(
        from: plan.removals, in: store, folder, without: dropped, keeper, console)
      for lease in leases { lease.release() }
      let holdings = try StoreHoldings(
        in: store, of: hosts, remembering: heads,
        without: DroppedSnapshots(in: store, of: folder))
      try heads.remember(holdings.soundHeads)
      let arrival = HaveList.Arrival(
        set: set.manifest.set, objects: report.objects, bytes: report.bytes,
        complete: report.waiting == 0)
      let list = try HaveList(holdings, checks, in: store, after: arrival)
      let status = ImportText(set, console).tell(report, taken, holdings.problems)
      try list.deliver(
        to: receipt ?? folder.path.appending("receipt.json").string, context.console)
      return status
    }

    private func rehearse(
      _ set: VolumeSet, _ place: ImportPlace, _ console: Console
    ) throws -> ExitStatus {
      let (store, folder) = try place.look()
      let plan = try ImportPlan(
        of: set, into: store, place.trust(folder),
        remembering: folder.map { try RememberedHeads(in: $0) }, folder.map { CheckDates(in: $0) },
        staged: Set(place.staging.objects()),
        without: folder.map { try DroppedSnapshots(in: store, of: $0) } ?? DroppedSnapshots())
      return try ImportText(set, console).tell(plan)
    }
  }
}
