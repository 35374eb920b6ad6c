import Glibc
import Keeping
package import Repository
import SecretMemory
package import Signatures
import Stores
import Synchronization
package import SystemPackage
import Vocabulary

/// A store as one host may use it: it adds, reads what is its own, and changes nothing that is there.
///
/// What a host sends lies apart, in `.tmp/<host>/incoming`, until a ledger entry that the host signed, and
/// that goes on from its ledger, names it. Then it comes into the store, and the entry after it. So nothing
/// is in the store that no entry names, no host gets in the way of another, and what a hostile one sends
/// takes no more than its quota.
package final class HostInbox: BlobStore {
  private static let lockPatience = Duration.seconds(10)

  private let key: VerifyingKey
  private let host: KeyID
  private let store: DirectoryStore
  private let incoming: DirectoryStore
  private var arrivals: Incoming { Incoming(of: host, folder: incoming, store: store) }
  private let quota: HostQuota
  private let received: @Sendable (Ledger.VerifiedEntry) -> Void
  private let ledger = Mutex<HostLedger?>(nil)
  private let mayWrite = Mutex(false)

  package var location: String { "the keeper's store" }

  /// Looks at a store for a host; nothing is read yet.
  ///
  /// - Parameters:
  ///   - root: the store's folder.
  ///   - key: the host's.
  ///   - quota: how many bytes of the store it may fill.
  ///   - received: hears of each entry once it is in the store.
  package init(
    _ root: FilePath, for key: VerifyingKey, quota: Int,
    received: @escaping @Sendable (Ledger.VerifiedEntry) -> Void
  ) {
    self.received = received
    (self.key, host) = (key, key.keyID)
    store = DirectoryStore(root, writer: "\(host)")
    incoming = DirectoryStore(
      root.appending(".tmp").appending("\(host)").appending("incoming"), writer: "arriving")
    self.quota = HostQuota(quota)
  }

  package func prepareForWriting() throws -> any WriterLease {
    let outer = try takeLock()
    let lease = InboxLease([outer, try incoming.prepareForWriting()]) { [weak self] in
      self?.mayWrite.withLock { $0 = false }
    }
    try settle()
    mayWrite.withLock { $0 = true }
    return lease
  }

  /// A client that was killed leaves a server that is about to see it.
  private func takeLock() throws -> any WriterLease {
    let start = ContinuousClock.now
    while true {
      do {
        return try store.prepareForWriting()
      } catch let error as OperatorError where error.code == "run.locked" {
        guard ContinuousClock.now - start < Self.lockPatience else {
          throw OperatorError(
            error.code, error.status, "another client writes to the keeper's store as \(host)",
            hint: "wait for it to end; it may be on a machine that has this host's key, too")
        }
        usleep(100_000)
      }
    }
  }

  package func put(_ name: ObjectName, _ bytes: RawSpan) throws {
    try stage { try $0(bytes) }.keep(as: name)
  }

  package func stage(
    _ write: (_ take: @escaping @Sendable (RawSpan) throws -> Void) throws -> Void
  ) throws -> any StagedObject {
    try requireLease()
    let account = try ArrivalAccount(quota)
    let staged = try incoming.stage { take in
      try write { bytes in
        try account.add(bytes)
        try take(bytes)
      }
    }
    return StagedArrival(staged, account, in: self)
  }

  /// Takes a signature and its entry, and nothing else.
  package func putTogether(_ objects: [(name: ObjectName, bytes: [UInt8])]) throws {
    try requireLease()
    guard let entry = objects.last, let signature = objects.first, objects.count == 2,
      let sequence = entry.name.ledgerPlace(of: host),
      entry.name == .ledgerEntry(host, sequence),
      signature.name == .ledgerSignature(host, sequence)
    else {
      throw refusal("only an entry of the ledger of \(host) comes with its signature")
    }
    guard try store.size(of: entry.name) == nil, try store.size(of: signature.name) == nil else {
      throw OperatorError(
        "object.exists", .failed, "\(signature.name) or \(entry.name) is in the store already")
    }
    guard signature.bytes.count <= LedgerLink.largestSignature else {
      throw refusal("no signature is so long")
    }
    try quota.take(2 * HostQuota.block + signature.bytes.count + entry.bytes.count)
    try withLedger { ledger in
      var next = ledger
      let verified = try next.take(entry.bytes, signature: signature.bytes, by: key)
      guard verified.entry.sequence == sequence else {
        throw refusal("\(entry.name) is not the entry that comes next")
      }
      let added = verified.entry.added.compactMap { ObjectName(ledgerText: $0.name) }
      try arrivals.accept(added, ledger, next)
      try store.putTogether(objects)
      ledger = next
      for name in added { try incoming.remove(name) }
      received(verified)
    }
  }

  package func read(_ name: ObjectName, _ range: Range<Int>?) throws -> [UInt8] {
    try place(of: name).read(name, range)
  }

  package func stream(_ name: ObjectName, _ consume: (RawSpan) throws -> Void) throws {
    try place(of: name).stream(name, consume)
  }

  package func size(of name: ObjectName) throws -> Int? {
    try place(of: name).size(of: name)
  }

  package func list(_ folder: String) throws -> [String] {
    let parts = folder.split(separator: "/")
    switch parts.first {
    case "ledger", "rewraps":
      guard parts.count > 1 else { return try store.list(folder).filter { $0 == "\(host)" } }
      return parts[1] == host.description ? try store.list(folder) : []
    default:
      let published = try knownNames().filter { $0.hasPrefix(folder + "/") }
        .compactMap { $0.dropFirst(folder.utf8.count + 1).split(separator: "/").first }
      return Set(published.map(String.init) + (try incoming.list(folder))).sorted()
    }
  }

  /// Removes a signature that has no entry, for the host's next run writes it anew; nothing else goes.
  package func remove(_ name: ObjectName) throws {
    try requireLease()
    guard let sequence = name.ledgerPlace(of: host), name == .ledgerSignature(host, sequence),
      try store.size(of: .ledgerEntry(host, sequence)) == nil
    else {
      // What is not there need not be removed.
      if try size(of: name) == nil { return }
      throw refusal("\(name) stays: from a host nothing is removed")
    }
    try store.remove(name)
  }

  /// Where a host may look for an object.
  private func place(of name: ObjectName) throws -> DirectoryStore {
    if name == .format || name.ledgerPlace(of: host) != nil || name.isRewrap(of: host) {
      return store
    }
    // What is another host's is not found: it never is among what has arrived.
    if try incoming.size(of: name) != nil { return incoming }
    return try isKnown(name) ? store : incoming
  }

  // MARK: Arrivals

  /// Whether what has arrived may bear a name.
  func admit(_ name: ObjectName, _ facts: NeededSet.Facts) throws {
    try requireLease()
    guard !name.isChained else {
      throw refusal("\(name) comes together with its signature, or not at all")
    }
    if let digest = name.packDigest, digest != facts.sha256 {
      throw OperatorError(
        "receive.wrong-name", .mismatch,
        "what came as \(name) has another SHA-256 than its name: \(facts.sha256)",
        hint: "it was damaged on its way, or the host is in somebody else's hands")
    }
    guard try size(of: name) == nil else {
      throw OperatorError("object.exists", .failed, "\(name) is in the store already")
    }
  }

  /// Makes a store of what is none yet, once a host has sent its first object.
  func adoptFormat() throws {
    do {
      _ = try StoreFormat.load(from: incoming)
      try store.adopt([.format], from: incoming)
    } catch {
      try incoming.remove(.format)
      throw error
    }
    try incoming.remove(.format)
  }

  /// Counts what the host has in the store, once nothing is half done there: objects as long as they are,
  /// whoever rewrapped them.
  private func settle() throws {
    let arrived = try arrivals.settle { try isKnown($0) }
    let ledger = try store.list("ledger/\(host)").map { "ledger/\(host)/\($0)" }
    let published = try (knownNames() + ledger).compactMap { ObjectName(hostText: $0) }
    let sizes = try incoming.sizes(of: arrived) + store.sizes(of: published)
    quota.begin(with: sizes.compactMap { $0 }.reduce(0) { $0 + $1 + HostQuota.block })
  }

  // MARK: The ledger

  private func withLedger<Result>(_ body: (inout HostLedger) throws -> Result) throws -> Result {
    try ledger.withLock { ledger in
      var known = try ledger ?? HostLedger(of: key, in: store)
      defer { ledger = known }
      return try body(&known)
    }
  }

  private var isStore: Bool { get throws { try store.size(of: .format) != nil } }

  private func isKnown(_ name: ObjectName) throws -> Bool {
    guard try isStore else { return false }
    return try withLedger { $0.facts(of: name) != nil }
  }

  private func knownNames() throws -> [String] {
    guard try isStore else { return [] }
    return try withLedger { ledger in (0..<ledger.objects.count).map(ledger.objects.text(at:)) }
  }

  private func requireLease() throws {
    guard mayWrite.withLock({ $0 }) else {
      throw OperatorError(
        "receive.no-lease", .refused, "nothing is taken from a client without the right to write")
    }
  }

  private func refusal(_ why: String) -> OperatorError {
    OperatorError(
      "store.add-only", .refused, why,
      hint: "only the store's keeper changes what is there, with coffer-store")
  }
}
