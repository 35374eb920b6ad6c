import Keeping
import Repository
import Signatures
import Vocabulary

/// A host's ledger as it is so far, and whether an entry goes on from it.
struct HostLedger {
  private let host: KeyID
  private let format: StoreFormat
  private var head: LedgerHead?
  /// Every object that an entry added.
  private(set) var objects = ObjectTable()
  /// Whether the newest entry needs a row's object.
  private var isNeeded: [Bool] = []
  private var snapshots: Set<SnapshotID> = []

  /// Reads and checks a ledger.
  ///
  /// - Throws: status `untrusted` where it does not hold, and what the store fails with.
  init(of key: VerifyingKey, in store: any BlobStore) throws {
    host = key.keyID
    format = try StoreFormat.load(from: store)
    let walk = LedgerWalk(of: host, in: store, format, trusting: .key(key))
    // A signature without its entry is what a killed run leaves.
    try walk.run(through: walk.lastWhole().number) { try take($0) }
  }

  /// Checks that an entry is signed by the host and goes on from here, and goes on.
  ///
  /// - Returns: the entry.
  /// - Throws: status `untrusted`; nothing has changed then.
  mutating func take(
    _ bytes: [UInt8], signature: [UInt8], by key: VerifyingKey
  ) throws -> Ledger.VerifiedEntry {
    let link = LedgerLink(of: host, in: format, at: head?.sequence.next ?? .first)
    // Nothing of what a stranger says is even read.
    try link.check(signature, of: bytes, by: key)
    let verified = try link.read(bytes)
    try link.require(verified, after: head?.sha256)
    guard !snapshots.contains(verified.entry.snapshot) else {
      throw broken("it uses the id of an earlier snapshot")
    }
    var next = self
    try next.take(verified)
    guard next.summary() == verified.entry.needed else {
      throw broken("its needed set has another digest")
    }
    self = next
    return verified
  }

  /// What the ledger says of an object, nil where it says nothing.
  func facts(of name: ObjectName) -> NeededSet.Facts? {
    objects.row(of: name.path.utf8).map(objects.facts(at:))
  }

  private mutating func take(_ verified: Ledger.VerifiedEntry) throws {
    let entry = verified.entry
    for name in entry.unneeded {
      guard let row = objects.row(of: name.utf8), isNeeded[row] else {
        throw broken("it drops '\(name)', which was not needed")
      }
      isNeeded[row] = false
    }
    for record in entry.added {
      guard let name = ObjectName(ledgerText: record.name),
        NeededSet.Facts.sizes.contains(record.size)
      else { throw broken("it adds an object of an impossible name or size") }
      let facts = NeededSet.Facts(size: record.size, sha256: record.sha256)
      if let digest = name.packDigest, digest != record.sha256 {
        throw broken("it adds \(name) with another digest than its name")
      }
      guard let row = objects.add(record.name, facts) else {
        throw broken("it says something else of \(name) than an earlier one")
      }
      if row == isNeeded.count { isNeeded.append(true) } else { isNeeded[row] = true }
    }
    snapshots.insert(entry.snapshot)
    head = verified.head
  }

  /// Count, bytes and digest of what the newest entry needs.
  private func summary() -> LedgerEntry.Needed {
    objects.summary(of: (0..<objects.count).filter { isNeeded[$0] })
  }

  private func broken(_ why: String) -> OperatorError {
    OperatorError(
      "ledger.broken", .untrusted, "an entry of \(host) contradicts its ledger: \(why)",
      hint: "it was not taken; the host is broken, or in somebody else's hands")
  }
}
