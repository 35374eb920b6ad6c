package import Keeping
package import Repository
import SecretMemory
import Signatures
package import Vocabulary

/// What a set would bring to a store.
package struct ImportPlan: Sendable {
  private(set) var hosts: [ArrivingHost] = []
  let format: StoreFormat
  /// Whether the store has to be made.
  let isNewStore: Bool
  /// What was let go of where the set was made.
  package let removals: TheirRemovals
  /// What stands against parts of the set.
  package private(set) var problems: [OperatorError] = []

  /// Plans an import; every signature and link of the ledgers is checked, no object is read.
  ///
  /// - Parameters:
  ///   - set: what is at hand.
  ///   - store: where it goes; there may be none yet.
  ///   - trust: whose signatures count.
  ///   - heads: what the keeper saw last; nil where he has no folder yet.
  ///   - checks: what was proven before; nil likewise.
  ///   - staged: what an import that was cut off left beside the store.
  ///   - dropped: snapshots that were let go of here.
  /// - Throws: `import.nothing-readable`, `import.parity-alone`, `import.other-store`, and what the store fails with.
  package init(
    of set: VolumeSet, into store: any BlobStore, _ trust: ImportTrust,
    remembering heads: RememberedHeads?, _ checks: CheckDates?, staged: Set<ObjectName>,
    without dropped: DroppedSnapshots
  ) throws {
    let merged = MergedSource(store, and: set)
    guard !set.names.isEmpty else {
      guard !set.isParityAlone else {
        throw OperatorError(
          "import.parity-alone", .nothingDone, "no volume at hand holds objects, only parity",
          hint: "put in volumes with objects; parity helps where it is at hand together with them")
      }
      throw OperatorError(
        "import.nothing-readable", .mismatch, "no volume of the set that holds objects can be read",
        hint: "copy the volumes again, from where they were written")
    }
    isNewStore = try store.size(of: .format) == nil
    format = try StoreFormat.load(from: merged)
    guard format.store == set.manifest.store else {
      throw OperatorError(
        "import.other-store", .usage,
        "the set is of the store \(set.manifest.store), and \(store.location) is \(format.store)",
        hint: "name the folder of that store's copy, or a new one")
    }
    var dropped = dropped
    removals = try TheirRemovals(of: set, trust)
    if let problem = removals.problem { problems.append(problem) }
    for place in removals.excused {
      if let host = KeyID(place.host) { dropped.insert(place.sequence, of: host) }
    }
    let last = try checks.map { try LastChecks($0) } ?? LastChecks()
    let officers = try trust.officers()
    for host in try merged.list("ledger").compactMap({ KeyID($0) }) {
      let hasTravelled = merged.hasTravelled(host)
      guard let key = try trust.key(of: host) else {
        if hasTravelled { problems.append(Self.unknown(host)) }
        continue
      }
      let arriving = try ArrivingHost(
        host, merged, store, format, key, officers, knowing: heads?[host], set, last, staged,
        without: dropped)
      // Objects that were lost here can come without any entry.
      guard hasTravelled || arriving.isOfferedSomething else { continue }
      let problem = try Self.fork(arriving, merged, store, set) ?? arriving.holding.problem
      if let problem { problems.append(problem) }
      problems += (arriving.rewraps?.strangers ?? []).map { Self.unknown(officer: $0, of: host) }
      if problem == nil || arriving.holdsUpToAnEntry { hosts.append(arriving) }
    }
  }

  /// Notes what became of an object of a host.
  mutating func note(_ row: Int, of host: Int, _ state: ArrivingHost.State) {
    hosts[host].note(row, state)
  }

  /// How many objects, and bytes, are to be taken from the set.
  package var offered: (objects: Int, bytes: Int) {
    hosts.reduce((0, 0)) { sum, host in
      let rows = host.rows(.offered) + host.rows(.superseded)
      return (sum.0 + rows.count, rows.reduce(sum.1) { $0 + host.holding.objects.size(at: $1) })
    }
  }

  /// How many entries would be new, and how many of them have all that they need.
  package func entries() throws -> (new: Int, whole: Int) {
    try hosts.reduce((0, 0)) { sum, host in
      (sum.0 + host.newEntries, sum.1 + (try host.lastWhole().number) - host.last.number)
    }
  }

  /// What is wrong where the set has another entry than the store.
  private static func fork(
    _ arriving: ArrivingHost, _ merged: MergedSource, _ store: any BlobStore, _ set: VolumeSet
  ) throws -> OperatorError? {
    for name in merged.travellingEntries(of: arriving.host) {
      guard try store.size(of: name) != nil, let theirs = try? set.ledgerFile(name),
        try store.size(of: name) != theirs.count || store.read(name) != theirs
      else { continue }
      return OperatorError(
        "import.other-history", .untrusted,
        "\(name) is another one in the set than in the store: one of the two was rewritten",
        hint: "nothing of this host is taken in; compare both with 'minisign -V' before you go on")
    }
    return nil
  }

  private static func unknown(officer: String, of host: KeyID) -> OperatorError {
    OperatorError(
      "keeper.unknown-officer", .partly,
      "objects of host \(host) were rewrapped by \(officer), whose key is not known: nothing here is replaced by "
        + "them, and what was not here yet is not taken in",
      hint: "bring his record.pub by another way than the set, and run again with --officer"
    )
  }

  private static func unknown(_ host: KeyID) -> OperatorError {
    OperatorError(
      "keeper.unknown-host", .partly,
      "the key of host \(host) is not known: nothing of it is taken in",
      hint: "on that host the key is /etc/coffer/host.pub, or the .pub beside the host_key of its "
        + "configuration; bring the file by another way than the set, and run again with --trust host.pub"
    )
  }
}
