package import Keeping
package import Repository
import SecretMemory
import Signatures
package import Vocabulary

/// What is to travel to a store on the other side: ledger entries that it has not, and what they need.
package struct ExportPlan: Sendable {
  private static let largestSignature = 1 << 16

  /// What every volume must hold.
  package internal(set) var ledger: [VolumeMember]
  /// What travels once.
  package private(set) var objects: [VolumeMember] = []
  /// How many snapshots travel.
  package private(set) var snapshots = 0
  /// What should travel and is hurt or not there.
  package private(set) var hurt: [OperatorError] = []
  /// The store's id.
  package let store: String

  /// Plans a transfer.
  ///
  /// - Parameters:
  ///   - store: what it is taken from.
  ///   - holdings: what its ledgers ask for.
  ///   - hosts: whose keys are known.
  ///   - checks: what was found when objects were checked: what was found hurt stays here.
  ///   - dropped: snapshots that were let go of.
  ///   - have: what the other side has; nil where it has nothing.
  /// - Throws: `have.other-store`, `have.other-history`, `have.ahead`; what the store fails with.
  package init(
    from store: any BlobStore, _ holdings: StoreHoldings, of hosts: KnownHosts,
    _ checks: CheckDates, without dropped: DroppedSnapshots, since have: HaveList?
  ) throws {
    let format = try StoreFormat.load(from: store)
    self.store = format.store
    guard have == nil || have?.store == format.store else {
      throw OperatorError(
        "have.other-store", .usage, "the list of what is there already is of another store",
        hint: "take the list that was written on the side where this store's copy is")
    }
    let last = try LastChecks(checks)
    let held = Set(have?.holds ?? [])
    ledger = [try Self.member(.format, of: store)]
    for holding in holdings.hosts where holding.head != nil {
      let walk = LedgerWalk(
        of: holding.host, in: store, format, trusting: try hosts.trust(in: holding.host))
      try add(holding, walk, store, last, held, dropped, have?.host(holding.host))
    }
    // Hosts may share objects.
    var seen = Set<ObjectName>()
    objects.removeAll { !seen.insert($0.name).inserted }
  }

  /// How many bytes of objects travel.
  package var bytes: Int { objects.reduce(0) { $0 + $1.facts.size } }

  private mutating func add(
    _ holding: HostHolding, _ walk: LedgerWalk, _ store: any BlobStore, _ last: LastChecks,
    _ held: Set<String>, _ dropped: DroppedSnapshots, _ there: HaveList.Host?
  ) throws {
    guard let head = holding.head else { return }
    let known = there?.head.sequence.number ?? 0
    if known > head.sequence.number { throw Self.ahead(holding, known) }
    var rows = (there?.lacks ?? []).compactMap { holding.objects.row(of: $0.utf8) }
    try walk.run(through: head.sequence.number) { verified in
      if verified.entry.sequence == there?.head.sequence, verified.head != there?.head {
        throw Self.otherHistory(.ledgerEntry(holding.host, verified.entry.sequence))
      }
      guard verified.entry.sequence.number > known else { return }
      if dropped.keeps(verified.entry.sequence, of: holding.host) { snapshots += 1 }
      try add(
        .ledgerEntry(holding.host, verified.entry.sequence), verified.sha256,
        signedIn: .ledgerSignature(holding.host, verified.entry.sequence), of: store)
      rows += verified.entry.added.filter { !held.contains($0.name) }
        .compactMap { holding.objects.row(of: $0.name.utf8) }
    }
    rows += try addRewraps(of: holding, from: store, after: there?.rewraps)
    // What was dropped and is needed again stands twice; so does what was rewrapped.
    var seen = Set<Int>()
    for row in rows where holding.isKept(row) && seen.insert(row).inserted {
      try add(row, of: holding, store, last)
    }
  }

  /// Adds an entry that every volume must hold.
  mutating func add(
    _ entry: ObjectName, _ sha256: SHA256Digest, signedIn signature: ObjectName,
    of store: any BlobStore
  ) throws {
    guard let size = try store.size(of: entry) else { return }
    ledger.append(VolumeMember(name: entry, facts: .init(size: size, sha256: sha256)))
    // Where nobody's key is known, there may be none.
    if try store.size(of: signature) != nil {
      ledger.append(try Self.member(signature, of: store))
    }
  }

  private mutating func add(
    _ row: Int, of holding: HostHolding, _ store: any BlobStore, _ last: LastChecks
  ) throws {
    guard let name = holding.objects.name(at: row) else { return }
    let facts = holding.objects.facts(at: row)
    guard let size = try store.size(of: name), size == facts.size, !last.isHurt(name),
      !holding.former.contains(row)
    else {
      hurt.append(
        OperatorError(
          "export.hurt", .mismatch, "\(name) is missing, hurt or not rewrapped yet, and stays here",
          hint: "mend it with 'coffer-store scrub --repair', or fetch it from another copy"))
      return
    }
    objects.append(VolumeMember(name: name, facts: facts))
  }

  private static func member(_ name: ObjectName, of store: any BlobStore) throws -> VolumeMember {
    let bytes = try store.read(name, atMost: largestSignature)
    return VolumeMember(
      name: name, facts: .init(size: bytes.count, sha256: SHA256Hasher.digest(of: bytes)))
  }

  private static func ahead(_ holding: HostHolding, _ known: Int) -> OperatorError {
    OperatorError(
      "have.ahead", .untrusted,
      "the other side has entry \(known) of \(holding.host), and the ledger here ends before: "
        + "this store was rolled back, or the list is of another one",
      hint: "look for a newer copy of the store before anything travels")
  }

  /// What is to be said of an entry that is another one on the other side.
  static func otherHistory(_ entry: ObjectName) -> OperatorError {
    OperatorError(
      "have.other-history", .untrusted,
      "\(entry) is another one on the other side: one of the two histories was rewritten",
      hint: "compare both entries and their signatures before anything travels")
  }
}
