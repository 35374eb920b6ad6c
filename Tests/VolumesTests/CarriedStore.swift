import Keeping
import ProofTools
import Repository
import SecretMemory
import Signatures
import Stores
import SystemPackage
import Testing
import Vocabulary

@testable import Volumes

/// A store whose host signs what it is told to, a copy of it on the other side, and what goes between.
final class CarriedStore {
  let folder: ScratchFolder
  let key = SigningKey.generate()
  let format = StoreFormat()
  let source: DirectoryStore
  let far: DirectoryStore
  private(set) var needed = NeededSet()
  private(set) var head: LedgerHead?
  private let lease: any WriterLease

  init() throws {
    folder = try ScratchFolder()
    source = DirectoryStore(FilePath(folder.path(of: "source")), writer: "host")
    far = DirectoryStore(FilePath(folder.path(of: "far")), writer: "keeper")
    lease = try source.prepareForWriting()
    try format.create(in: source)
  }

  var host: KeyID { key.verifyingKey.keyID }

  /// Stores a pack and its header, which no entry names yet.
  func pack(_ bytes: [UInt8], header: [UInt8]) throws -> [ObjectRecord] {
    let digest = SHA256Hasher.digest(of: bytes)
    return try [(ObjectName.pack(digest), bytes), (.packHeader(digest), header)].map {
      name, bytes in
      try bytes.withBytes { try source.put(name, $0) }
      return ObjectRecord(name: name, size: bytes.count, sha256: SHA256Hasher.digest(of: bytes))
    }
  }

  /// Replaces a header in the source.
  func replace(_ header: ObjectRecord, with bytes: [UInt8]) throws -> ObjectRecord {
    let name = try #require(ObjectName(ledgerText: header.name))
    try source.replace(name) { take in try bytes.withBytes { try take($0) } }
    return ObjectRecord(name: name, size: bytes.count, sha256: SHA256Hasher.digest(of: bytes))
  }

  /// Rewraps headers in the source, in the name of an officer.
  func rewrap(_ headers: [(ObjectRecord, with: [UInt8])], by officer: SigningKey) throws {
    let records = try headers.map { try replace($0.0, with: $0.with) }
    let key = SecretBytes.random(count: 32)
    let name = try #require(CompartmentName("core"))
    var rewraps = try RewrapLedger(in: source, of: host)
    _ = try rewraps.append(to: source, at: .now(), signedWith: officer) { place in
      [
        RewrappedCompartment(
          CompartmentSeal(name, chunkIDKey: key, recipients: []), objects: records, at: place,
          under: KeyedHash(key: key))
      ]
    }
  }

  /// Publishes an entry that adds objects and lets go of others.
  @discardableResult
  func entry(
    adding added: [ObjectRecord], dropping unneeded: [ObjectRecord] = []
  ) throws -> SnapshotID {
    let unneeded = try unneeded.map { try #require(ObjectName(ledgerText: $0.name)) }
    needed.remove(unneeded)
    for record in added {
      let name = try #require(ObjectName(ledgerText: record.name))
      needed.insert(name, .init(size: record.size, sha256: record.sha256))
    }
    let entry = LedgerEntry(
      store: format.store, host: host, hostname: "proof", sequence: head?.sequence.next ?? .first,
      previous: head?.sha256, snapshot: SnapshotID(startedAt: .now()), started: .now(),
      finished: .now(), sources: [], compartments: nil, added: added, unneeded: unneeded,
      needed: needed.summary)
    head = try entry.publish(to: source, signedWith: key)
    return entry.snapshot
  }

  /// Forgets all entries after one, as a host that was restored from an image.
  func rewind(to last: Int) throws {
    let ledger = try Ledger.load(
      from: source, trusting: .key(key.verifyingKey), unfinishedAfter: LedgerSequence(last))
    let kept = ledger.entries.prefix(last)
    needed = NeededSet()
    for verified in kept { try needed.apply(verified.entry) }
    head = kept.last?.head
  }

  // MARK: What goes between

  func keeper(_ name: String) throws -> KeeperFolder {
    let keeper = try KeeperFolder(nil, of: FilePath(folder.path(of: name)))
    try KnownHosts(in: keeper).remember(key.verifyingKey)
    return keeper
  }

  /// What a side has.
  func have(_ name: String = "far") throws -> HaveList {
    let keeper = try keeper(name)
    let store = name == "far" ? far : source
    return try HaveList(holdings(keeper, store), CheckDates(in: keeper), in: store)
  }

  func holdings(
    _ keeper: KeeperFolder, _ store: any BlobStore, without dropped: DroppedSnapshots = .init()
  ) throws -> StoreHoldings {
    try StoreHoldings(
      in: store, of: KnownHosts(in: keeper), remembering: RememberedHeads(in: keeper),
      without: dropped)
  }

  /// Writes a set, and says where.
  @discardableResult
  func export(
    to name: String, since have: HaveList? = nil, volumes size: Int = 400_000, parity: Int = 1,
    without dropped: DroppedSnapshots = .init(), saying removals: RemovalNotice? = nil
  ) throws -> (plan: ExportPlan, layout: VolumeLayout, path: String) {
    let keeper = try keeper("source")
    let plan = try ExportPlan(
      from: source, holdings(keeper, source, without: dropped), of: KnownHosts(in: keeper),
      CheckDates(in: keeper), without: dropped, since: have)
    let layout = try VolumeLayout(
      plan.ledger, plan.objects, in: try #require(VolumeSize(bytes: size)), parity: parity)
    let run = ExportRun(
      plan, layout, removals, from: source, to: FilePath(folder.path(of: name)),
      meter: ProgressMeter(),
      interruption: Interruption())
    try run.run()
    return (plan, layout, run.place.string)
  }

  /// Takes in the set that lies in a folder, into the far store or another.
  @discardableResult
  func takeIn(_ path: String, into store: (any BlobStore)? = nil) throws -> ImportRun.Report {
    try takeIn(path, into: store, believing: []).report
  }

  /// The same, where officers are known.
  @discardableResult
  func takeIn(_ path: String, rewrappedBy officers: [SigningKey]) throws -> ImportRun.Report {
    for officer in officers {
      try KnownHosts(in: keeper("far")).remember(officer: officer.verifyingKey)
    }
    return try takeIn(path)
  }

  /// The same, where other keepers are known; says what became of their removals, too.
  func takeIn(
    _ path: String, into store: (any BlobStore)? = nil, believing keepers: [VerifyingKey]
  ) throws -> (report: ImportRun.Report, removals: TheirRemovals) {
    let keeper = try keeper("far")
    let store = store ?? far
    let lease = try store.prepareForWriting()
    let staging = DirectoryStore(FilePath(folder.path(of: "staging")), writer: "staging")
    let leases = [lease, try staging.prepareForWriting()]
    defer { for lease in leases { lease.release() } }
    let set = try MediaSearch(in: [FilePath(path)]).onlySet()
    let checks = CheckDates(in: keeper)
    let plan = try ImportPlan(
      of: set, into: store, ImportTrust(keepers: keepers, rememberedIn: keeper),
      remembering: RememberedHeads(in: keeper), checks, staged: Set(staging.objects()),
      without: DroppedSnapshots())
    let report = try ImportRun(
      of: set, into: store, over: staging, noting: checks, meter: ProgressMeter(),
      interruption: Interruption()
    ).run(plan)
    return (report, plan.removals)
  }

  /// The number of the last entry on the other side, every signature and link of the ledger checked, and
  /// every object that its snapshots need.
  func provenHead() throws -> Int {
    guard try far.size(of: .format) != nil else { return 0 }
    let ledger = try Ledger.load(
      from: far, trusting: .key(key.verifyingKey), unfinishedAfter: LedgerSequence(0))
    for verified in ledger.entries {
      for (name, facts) in try ledger.needed(at: verified.entry.sequence).objects {
        try ObjectCheck.run(name, facts, in: far)
      }
    }
    return ledger.head?.sequence.number ?? 0
  }
}
