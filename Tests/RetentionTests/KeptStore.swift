import Keeping
import ProofTools
import Retention
import SecretMemory
import Signatures
import Stores
import Synchronization
import SystemPackage
import Vocabulary

@testable import Repository

/// A store with its keeper, whose clock stands where the proof says.
final class KeptStore {
  let folder: ScratchFolder
  let store: CrashingStore
  let keeper: KeeperFolder
  private let lease: any WriterLease
  private let clock: Clock

  /// A clock that is set by hand.
  final class Clock: Sendable {
    private let time: Mutex<Timestamp>

    init(_ time: Timestamp) { self.time = Mutex(time) }

    var now: Timestamp {
      get { time.withLock { $0 } }
      set { time.withLock { $0 = newValue } }
    }
  }

  init(at start: Timestamp = Timestamp(secondsSince1970: 1_800_000_000)) throws {
    folder = try ScratchFolder(in: "/dev/shm")
    let path = FilePath(folder.path(of: "store"))
    let directory = DirectoryStore(path, writer: "keeper")
    lease = try directory.prepareForWriting()
    try StoreFormat().create(in: directory)
    store = CrashingStore(directory)
    keeper = try KeeperFolder(FilePath(folder.path(of: "keeper")), of: path)
    clock = Clock(start)
  }

  deinit { lease.release() }

  var now: Timestamp {
    get { clock.now }
    set { clock.now = newValue }
  }

  /// Lets time pass.
  func wait(_ span: TimeSpan) { now = now + span }

  /// A new host, whose key the keeper knows.
  func host() throws -> ForgedHost {
    let host = try ForgedHost(in: store)
    try hosts.remember(host.key.verifyingKey)
    return host
  }

  var hosts: KnownHosts { KnownHosts(in: keeper) }

  /// The keeper's record, as a new run finds it.
  func record() throws -> KeeperRecord {
    let clock = clock
    return try KeeperRecord(in: store, of: keeper, clock: { clock.now })
  }

  /// Looks at the store, and makes receipts for what is new.
  @discardableResult func look() throws -> KeeperRecord {
    var record = try record()
    _ = try Reception(in: store, of: hosts).receive(into: &record)
    return record
  }

  var run: RetentionRun {
    RetentionRun(in: store, of: hosts, interruption: Interruption())
  }

  /// What the store must hold for a host, as scrub sees it.
  func holding(of host: ForgedHost) throws -> HostHolding {
    try HostHolding(walk(host), isVouchedFor: true, knowing: nil, without: DroppedSnapshots())
  }

  /// A host's ledger, as retention sees it.
  func history(of host: ForgedHost) throws -> HostHistory {
    try HostHistory(walk(host), isVouchedFor: true, knowing: record().ledger.book)
  }

  private func walk(_ host: ForgedHost) throws -> LedgerWalk {
    LedgerWalk(
      of: host.id, in: store, try StoreFormat.load(from: store),
      trusting: .key(host.key.verifyingKey))
  }

  /// What retention would do.
  func plan(
    _ policy: RetentionPolicy, despite: Set<Brake.Code> = [], failedDrill: String? = nil
  ) throws -> RetentionPlan {
    try run.plan(policy, look(), despite: despite, failedDrill: failedDrill)
  }

  /// Both phases, as `retain --apply` does them.
  @discardableResult
  func apply(
    _ policy: RetentionPolicy, grace: TimeSpan = .days(3), despite: Set<Brake.Code> = []
  ) throws -> RetentionRun.Removal? {
    var record = try look()
    let plan = try run.plan(policy, record, despite: despite)
    try run.mark(plan, grace: grace, in: &record)
    return try run.remove(plan, while: [], in: &record)
  }
}

/// A policy with the least floors.
func policy(
  last: Int = 0, daily: Int = 0, weekly: Int = 0, monthly: Int = 0, yearly: Int = 0,
  within: TimeSpan? = nil
) throws -> RetentionPolicy {
  try RetentionPolicy(
    last: last, periods: [.daily: daily, .weekly: weekly, .monthly: monthly, .yearly: yearly],
    within: within, floors: .least)
}
