import Keeping
import Repository
import SecretMemory
import Signatures
import Stores
import Synchronization
import SystemPackage
import Vocabulary

/// Writes a store of one host with a long ledger, no objects, and a keeper who saw a night a day.
///
/// `coffer-store retain --store FOLDER/store --state FOLDER/keeper --keep-daily 30` reads all of it.
enum LedgerBenchmark {
  private static let sizes = 1 << 20..<32 << 20
  private static let day = TimeSpan.days(1)

  static func run(in folder: FilePath, nights: Int, objects: Int) throws {
    let path = folder.appending("store")
    let store = DirectoryStore(path, writer: "keeper")
    let lease = try store.prepareForWriting()
    defer { lease.release() }
    let format = StoreFormat()
    try format.create(in: store)
    let keeper = try KeeperFolder(folder.appending("keeper"), of: path)
    let key = SigningKey.generate()
    try KnownHosts(in: keeper).remember(key.verifyingKey)
    let start = Timestamp(
      secondsSince1970: Timestamp.now().secondsSince1970 - nights * day.seconds)
    let time = Mutex(start)
    var record = try KeeperRecord(in: store, of: keeper, clock: { time.withLock { $0 } })
    var chance = Chance()
    var live: [(record: ObjectRecord, name: ObjectName)] = []
    var head: LedgerHead?
    for night in 0..<nights {
      let now = time.withLock { time in
        time = time + day
        return time
      }
      let added = try (0..<max(1, objects / nights)).map { _ in try object(&chance) }
      // About half of all that ever came is needed at the end.
      let dropped = live.prefix(night > nights / 2 ? added.count : 0).map(\.name)
      live.removeFirst(dropped.count)
      live += added
      let needed =
        night == nights - 1
        ? set(of: live)
        : LedgerEntry.Needed(
          count: live.count, bytes: live.reduce(0) { $0 + $1.record.size },
          sha256: SHA256Hasher.digest(of: []))
      let entry = try self.entry(
        format, key, after: head, at: now, added.map(\.record), dropped, needed)
      head = try entry.publish(to: store, signedWith: key)
      guard let head else { return }
      try record.write(.received([LedgerReceipt(place: .init(of: entry), sha256: head.sha256)]))
    }
    print("{\"nights\": \(nights), \"objects\": \(nights * max(1, objects / nights))}")
  }

  private static func object(
    _ chance: inout Chance
  ) throws -> (record: ObjectRecord, name: ObjectName) {
    let words = (0..<4).map { _ in chance.next() }
    guard let digest = SHA256Digest(bytes: unsafe words.withUnsafeBytes { unsafe Array($0) })
    else { throw OperatorError("benchmark", .failed, "a digest is 32 bytes") }
    let size = sizes.lowerBound + Int(chance.next() % UInt64(sizes.count))
    return (ObjectRecord(name: .pack(digest), size: size, sha256: digest), .pack(digest))
  }

  private static func set(of live: [(record: ObjectRecord, name: ObjectName)])
    -> LedgerEntry.Needed
  {
    var set = NeededSet()
    for (record, name) in live {
      set.insert(name, .init(size: record.size, sha256: record.sha256))
    }
    return set.summary
  }

  private static func entry(
    _ format: StoreFormat, _ key: SigningKey, after head: LedgerHead?, at now: Timestamp,
    _ added: [ObjectRecord], _ dropped: [ObjectName], _ needed: LedgerEntry.Needed
  ) throws -> LedgerEntry {
    guard let core = CompartmentName("core") else {
      throw OperatorError("benchmark", .failed, "core is a name")
    }
    let sources = ["synapse-db", "synapse-media", "synapse-config"].compactMap { SourceName($0) }
      .map {
        SourceSummary(
          name: $0, compartment: core, kind: "files", state: .saved, bytes: 1 << 40,
          files: 1_000_000)
      }
    return LedgerEntry(
      store: format.store, host: key.verifyingKey.keyID, hostname: "benchmark",
      sequence: head?.sequence.next ?? .first, previous: head?.sha256,
      snapshot: SnapshotID(startedAt: now), started: now, finished: now, sources: sources,
      compartments: nil, added: added, unneeded: dropped, needed: needed)
  }
}
