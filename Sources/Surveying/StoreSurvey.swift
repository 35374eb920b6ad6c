package import Keeping
import LocalFiles
package import Repository
package import Scrubbing
package import SystemPackage
package import Vocabulary

/// What is to be said of a store and its keeping.
///
/// It comes from the ledgers, the manifests of parity, and what the keeper remembers and wrote down. No object
/// is looked at.
package struct StoreSurvey: Sendable {
  /// A snapshot that is held.
  package struct Hold: Sendable {
    package let snapshot: SnapshotID
    package let reason: String
    package let since: Timestamp
  }

  /// A snapshot that goes, or whose going was begun and is not known to have ended.
  package struct Mark: Sendable {
    package enum State: Sendable {
      /// It goes after this moment.
      case waiting(until: Timestamp)
      /// Its removal was begun then, and not ended.
      case going(since: Timestamp)
    }

    package let place: SnapshotPlace
    package let state: State
  }

  /// When it was looked at.
  package let time: Timestamp
  /// Since when refusals count as recent.
  package let since: Timestamp
  /// What the ledgers say.
  package let holdings: StoreHoldings
  /// Host by host, in the order of their ids.
  package let hosts: [HostSurvey]
  package let condition: StoreCondition
  /// In the order of snapshots.
  package let holds: [Hold]
  /// In the order of hosts and their ledgers.
  package let marks: [Mark]
  package let journal: JournalTally
  /// How much room the store's file system has left; nil where that cannot be told.
  package let freeBytes: Int?

  /// Looks at a store; the keeper's lock is not needed, and nothing is changed.
  ///
  /// - Parameters:
  ///   - store: the store.
  ///   - path: where it lies.
  ///   - keeper: the keeper's folder.
  ///   - span: how long refusals count as recent.
  /// - Throws: what the store or the keeper's folder fail with, and what is wrong with the keeper's entries; what
  ///   is wrong with a host's ledger is in its holding.
  package init(
    of store: any BlobStore, at path: FilePath, _ keeper: KeeperFolder, refusalsOf span: TimeSpan
  ) throws {
    time = .now()
    since = Timestamp(secondsSince1970: time.secondsSince1970 - span.seconds)
    let book = try KeeperRecord.ledger(in: store, of: keeper)?.book ?? KeeperBook()
    holdings = try StoreHoldings(
      in: store, of: KnownHosts(in: keeper), remembering: RememberedHeads(in: keeper),
      without: DroppedSnapshots(book))
    hosts = holdings.hosts.map { HostSurvey($0, book) }
    condition = try StoreCondition(of: store, keeper, holdings)
    holds = book.holds.sorted { $0.key < $1.key }.map {
      Hold(snapshot: $0.key, reason: $0.value.reason, since: $0.value.since)
    }
    let waiting = book.condemned.map { Mark(place: $0.key, state: .waiting(until: $0.value)) }
    let going = book.removing.map { Mark(place: $0.key, state: .going(since: $0.value)) }
    marks = (waiting + going).sorted { $0.place < $1.place }
    journal = try JournalTally(in: keeper, since: since)
    freeBytes = LocalPath(path).freeBytes
  }

  /// What the store takes by its ledgers and its parity's manifests: names that two hosts share count twice, what no
  /// snapshot needs does not count.
  package var bytes: Int {
    hosts.reduce(condition.parity.bytes) { $0 + $1.holding.bytes }
  }
}
