import Keeping
import OperatorConsole
import Repository
import Signatures
import Vocabulary
import Volumes

/// What an import took over from the keeper on the other side: snapshots that never came here whole.
struct RemovalsTakenOver {
  /// The keeper whose word was taken; nil where nobody's was.
  private(set) var keeper: KeyID?
  /// What he had let go of.
  private(set) var snapshots: [SnapshotPlace] = []
  /// What was not believed.
  private(set) var problem: OperatorError?

  /// Writes into this keeper's entries what is believed.
  ///
  /// The caller holds the keeper's lock and lease.
  ///
  /// - Parameters:
  ///   - removals: what the set says.
  ///   - store: the store, after the set was taken in.
  ///   - folder: this keeper's.
  ///   - dropped: what he lets go of already.
  ///   - options: how he was called; his key is made where there is none.
  ///   - console: what is told where it is made.
  /// - Throws: `keeper.no-key`, what is wrong with this keeper's entries, and what the store fails with.
  init(
    from removals: TheirRemovals, in store: any BlobStore, _ folder: KeeperFolder,
    without dropped: DroppedSnapshots, _ options: KeeperOptions, _ console: Console
  ) throws {
    if case .none = removals { return }
    let holdings = try StoreHoldings(
      in: store, of: KnownHosts(in: folder), remembering: RememberedHeads(in: folder),
      without: dropped)
    let missed = try removals.missed(in: store, holdings, without: dropped)
    guard !missed.isEmpty else { return }
    switch removals {
    case .none, .forged: return
    case .vouchedFor(let notice):
      (keeper, snapshots) = (notice.keeper, missed)
      var record = try KeeperAtWork.record(in: store, folder, options, console)
      try record.write(.neverCame(missed, saysKeeper: notice.keeper.description))
    case .unproven(let notice): problem = Self.unknown(notice.keeper, missed.count)
    }
  }

  private static func unknown(_ keeper: KeyID, _ count: Int) -> OperatorError {
    OperatorError(
      "import.unknown-keeper", .partly,
      "\(count) snapshots here lack objects; the set says that keeper \(keeper) had let go of them, and his key "
        + "is not known: a scrub calls what they lack missing",
      hint: "name his keeper.pub with --keeper and run again; it must not come from the same medium"
    )
  }
}
