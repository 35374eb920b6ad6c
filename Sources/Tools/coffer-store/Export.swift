import ArgumentParser
import Keeping
import LocalFiles
import OperatorConsole
import Repository
import SystemPackage
import Vocabulary
import Volumes

extension CofferStore {
  /// Writes a set of volumes.
  struct Export: CofferVerb {
    static let configuration = CommandConfiguration(
      abstract: "Write a set of volumes for removable media, with parity across them.",
      discussion: """
        Each volume is a folder: a tar archive of objects, a description of the set, and checksums that \
        'sha256sum -c' reads. Put each on a medium of its own; as many as there are parity volumes may be lost. \
        What was written is read back before the set gets its name. A run that was killed is gone on with.
        """)

    @OptionGroup var keeper: KeeperOptions
    @OptionGroup var output: OutputOptions

    @Option(name: .customLong("to"), help: "The folder to write to.", completion: .directory)
    var folder: String

    @Option(help: "How large a volume may be: 25G counts in powers of 1000, 4GiB of 1024.")
    var volumeSize: VolumeSize

    @Option(help: "How many volumes may be lost.")
    var parityVolumes = 1

    @Option(
      help: "Leave out what the other side has: what 'have' or an import wrote there.",
      completion: .file())
    var since: String?

    @Flag(help: "Show what would be written, and write nothing.")
    var dryRun = false

    func validate() throws {
      guard (0...16).contains(parityVolumes) else {
        throw ValidationError("--parity-volumes is a number from 0 to 16")
      }
    }

    func perform(_ context: ToolContext) throws -> ExitStatus {
      let (store, keeperFolder) = try keeper.open(telling: context.console)
      // Nothing may be let go of while it is being carried.
      let lock = try keeperFolder.lock()
      // What only would be written is no act.
      var unnoted: [String: JSONValue] = [:]
      let status =
        dryRun
        ? try export(store, keeperFolder, context, &unnoted)
        : try KeeperJournal(in: keeperFolder).noting("export") { details in
          try export(store, keeperFolder, context, &details)
        }
      lock.release()
      return status
    }

    private func export(
      _ store: any BlobStore, _ keeperFolder: KeeperFolder, _ context: ToolContext,
      _ details: inout [String: JSONValue]
    ) throws -> ExitStatus {
      let console = context.console
      let (hosts, checks) = (KnownHosts(in: keeperFolder), CheckDates(in: keeperFolder))
      let dropped = try DroppedSnapshots(in: store, of: keeperFolder)
      let holdings = try StoreHoldings(
        in: store, of: hosts, remembering: RememberedHeads(in: keeperFolder), without: dropped)
      let plan = try ExportPlan(
        from: store, holdings, of: hosts, checks, without: dropped,
        since: since.map { try HaveList(at: FilePath($0)) })
      for problem in plan.hurt { console.report(problem) }
      let verdict = LedgerVerdict(holdings, keeper).tell(console)
      guard !plan.objects.isEmpty || plan.snapshots > 0 else {
        throw OperatorError(
          "export.nothing", .nothingDone,
          since == nil
            ? "the store holds no snapshot that could be carried"
            : "the other side has all that is here: there is nothing to carry")
      }
      let layout = try VolumeLayout(
        plan.ledger, plan.objects, in: volumeSize, parity: parityVolumes)
      let removals = try RemovalNotice(in: store, of: keeperFolder)
      let run = ExportRun(
        plan, layout, removals, from: store, to: FilePath(folder), meter: context.meter,
        interruption: context.interruption)
      if !dryRun {
        console.begin("volumes")
        try run.run()
        details = [
          "set": .text(run.place.lastComponent?.string ?? ""),
          "snapshots": .integer(plan.snapshots),
          "objects": .integer(plan.objects.count), "bytes": .integer(plan.bytes),
        ]
      }
      tell(run, layout, plan, console)
      if let removals {
        console.say(
          "\(removals.snapshots.count) snapshots were let go of here; the other side takes your word for it "
            + "once it was given \(KeeperKey(in: keeperFolder).publicHalf) as --keeper")
      }
      guard verdict != .untrusted else { return verdict }
      return plan.hurt.isEmpty ? verdict : .mismatch
    }

    private func tell(
      _ run: ExportRun, _ layout: VolumeLayout, _ plan: ExportPlan, _ console: Console
    ) {
      console.say(
        "\(plan.snapshots) snapshots, \(plan.objects.count) objects, \(ByteText(plan.bytes))")
      for volume in layout.volumes {
        console.say("volume \(volume.number)  \(ByteText(volume.bytes))")
      }
      if layout.parity > 0 {
        console.say("and \(layout.parity) of parity: as many volumes may be lost on the way")
      }
      console.say(dryRun ? "nothing was written" : "written and read back: \(run.place)")
      console.emit(Line(run, layout, plan, isWritten: !dryRun))
    }

    private struct Line: Encodable {
      let event = "export"
      let set: String
      let folder: String
      let written: Bool
      let snapshots: Int
      let objects: Int
      let objectBytes: Int
      let volumes: Int
      let parityVolumes: Int
      let bytes: Int

      init(_ run: ExportRun, _ layout: VolumeLayout, _ plan: ExportPlan, isWritten: Bool) {
        (set, folder, written) = (layout.id, run.place.string, isWritten)
        (snapshots, objects, objectBytes) = (plan.snapshots, plan.objects.count, plan.bytes)
        (volumes, parityVolumes, bytes) = (layout.volumes.count, layout.parity, run.bytes)
      }
    }
  }
}

extension VolumeSize: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument) }
}
