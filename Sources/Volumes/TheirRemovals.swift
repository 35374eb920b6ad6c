package import Keeping
package import Repository
import Signatures
import Vocabulary

/// What a set says of snapshots that were let go of where it was made, and what that is worth here.
package enum TheirRemovals: Sendable {
  /// Nothing was.
  case none
  /// The keeper there is known here, and signed it.
  case vouchedFor(RemovalNotice)
  /// He is not known here.
  case unproven(RemovalNotice)
  /// Somebody says so in the name of a keeper who is known here, and did not sign it.
  case forged(RemovalNotice)

  /// Looks whose word a set has.
  ///
  /// - Throws: `trust.unreadable`.
  init(of set: VolumeSet, _ trust: ImportTrust) throws {
    guard let notice = set.manifest.removals else {
      self = .none
      return
    }
    guard let key = try trust.key(ofKeeper: notice.keeper) else {
      self = .unproven(notice)
      return
    }
    self = notice.isSigned(by: key) ? .vouchedFor(notice) : .forged(notice)
  }

  /// The snapshots that may count without what they need.
  ///
  /// Nobody has to vouch for that: nothing is lost by it.
  var excused: [SnapshotPlace] {
    switch self {
    case .none, .forged: []
    case .vouchedFor(let notice), .unproven(let notice): notice.snapshots
    }
  }

  /// What stands against them.
  var problem: OperatorError? {
    guard case .forged(let notice) = self else { return nil }
    return OperatorError(
      "import.forged-removals", .untrusted,
      "what the set says keeper \(notice.keeper) had let go of was not signed by his key",
      hint:
        "the medium is damaged, or somebody wrote to it: copy set.json again, or keep the medium"
    )
  }

  /// The excused snapshots whose entries are here and miss an object that is not here at all.
  ///
  /// What is whole here is as good as ever, whatever was let go of elsewhere.
  ///
  /// - Parameters:
  ///   - store: the store, after the set was taken in.
  ///   - holdings: what its ledgers ask for.
  ///   - dropped: what the holdings leave out.
  /// - Returns: their places.
  /// - Throws: what the store fails with.
  package func missed(
    in store: any BlobStore, _ holdings: StoreHoldings, without dropped: DroppedSnapshots
  ) throws -> [SnapshotPlace] {
    let excused = Set(excused)
    guard !excused.isEmpty else { return [] }
    let format = try StoreFormat.load(from: store)
    return try holdings.hosts.flatMap { holding -> [SnapshotPlace] in
      guard let head = holding.head else { return [] }
      let missing = try holding.keptRows.filter { row in
        try holding.objects.name(at: row).map { try store.size(of: $0) == nil } ?? false
      }
      guard !missing.isEmpty else { return [] }
      // The signatures were checked when the holdings were read.
      let walk = LedgerWalk(of: holding.host, in: store, format, trusting: .nobody)
      return try HurtSnapshot.all(
        walk, through: head, needing: Set(missing.map(holding.objects.text(at:))), without: dropped
      ).map(\.place).filter(excused.contains)
    }
  }
}
