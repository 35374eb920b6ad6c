import Foundation
import Keeping
import ProofTools
import Repository
import SecretMemory
import Signatures
import Stores
import SystemPackage
import Vocabulary

@testable import Scrubbing

/// A store of small objects with a signed ledger, its keeper, and what a model says of both.
final class KeptStore {
  let folder: ScratchFolder
  let store: DirectoryStore
  let keeper: KeeperFolder
  private let key = SigningKey.generate()
  private let format = StoreFormat()
  private var needed = NeededSet()
  private var head: LedgerHead?
  private var contents: [ObjectName: [UInt8]] = [:]
  /// What each snapshot needs, in the order of the ledger.
  private(set) var snapshots: [Set<ObjectName>] = []
  private(set) var dropped: Set<Int> = []

  init() throws {
    folder = try ScratchFolder()
    let path = FilePath(folder.path(of: "store"))
    store = DirectoryStore(path, writer: "keeper")
    try store.prepareForWriting().release()
    try format.create(in: store)
    keeper = try KeeperFolder(nil, of: path)
    try KnownHosts(in: keeper).remember(key.verifyingKey)
  }

  /// What must be there, with its bytes.
  var kept: [ObjectName: [UInt8]] {
    let names = snapshots.enumerated().filter { !dropped.contains($0.offset) }.flatMap(\.element)
    return Dictionary(uniqueKeysWithValues: Set(names).map { ($0, contents[$0] ?? []) })
  }

  /// A snapshot that adds objects and no longer needs some.
  func night(_ chance: inout SeededChance, largest: Int) throws {
    let gone = needed.objects.keys.sorted().filter { _ in
      Int.random(in: 0..<5, using: &chance) == 0
    }
    var added: [ObjectRecord] = []
    for _ in 0..<Int.random(in: 1...6, using: &chance) {
      for size in [Int.random(in: 41...largest, using: &chance), 40] {
        let bytes = chance.bytes(size)
        let digest = SHA256Hasher.digest(of: bytes)
        let name = size == 40 ? ObjectName.packHeader(digest) : .pack(digest)
        try bytes.withBytes { try store.put(name, $0) }
        contents[name] = bytes
        added.append(ObjectRecord(name: name, size: size, sha256: digest))
        needed.insert(name, .init(size: size, sha256: digest))
      }
    }
    needed.remove(gone)
    try publish(added, dropping: gone)
  }

  private func publish(_ added: [ObjectRecord], dropping gone: [ObjectName] = []) throws {
    let entry = LedgerEntry(
      store: format.store, host: key.verifyingKey.keyID, hostname: "proof",
      sequence: head?.sequence.next ?? .first, previous: head?.sha256,
      snapshot: SnapshotID(startedAt: .now()), started: .now(), finished: .now(), sources: [],
      compartments: nil, added: added, unneeded: gone, needed: needed.summary)
    head = try entry.publish(to: store, signedWith: key)
    snapshots.append(Set(needed.objects.keys))
  }

  /// Makes every header another object of its name, of which the ledger, written anew, says so; payloads
  /// are what they were.
  func rewrap(_ chance: inout SeededChance) throws {
    for number in 1...snapshots.count {
      try store.remove(.ledgerEntry(key.verifyingKey.keyID, LedgerSequence(number)))
      try store.remove(.ledgerSignature(key.verifyingKey.keyID, LedgerSequence(number)))
    }
    let records = try kept.sorted { $0.key < $1.key }.map { name, bytes in
      let new = name.packDigest == nil ? chance.bytes(bytes.count + 8) : bytes
      try store.replace(name) { take in try new.withBytes { try take($0) } }
      contents[name] = new
      let record = ObjectRecord(name: name, size: new.count, sha256: SHA256Hasher.digest(of: new))
      needed.insert(name, .init(size: record.size, sha256: record.sha256))
      return record
    }
    (head, snapshots, dropped) = (nil, [], [])
    try publish(records)
  }

  /// Lets go of a snapshot, and has parity made without what only it needs before that is deleted.
  func drop(_ snapshot: Int, in sizes: Protection.Sizes) throws {
    let before = kept
    dropped.insert(snapshot)
    try protect(in: sizes)
    for name in before.keys where kept[name] == nil { try store.remove(name) }
  }

  var droppedSnapshots: DroppedSnapshots {
    var all = DroppedSnapshots()
    for number in dropped { all.insert(LedgerSequence(number + 1), of: key.verifyingKey.keyID) }
    return all
  }

  func holdings() throws -> StoreHoldings {
    try StoreHoldings(
      in: store, of: KnownHosts(in: keeper), remembering: RememberedHeads(in: keeper),
      without: droppedSnapshots)
  }

  @discardableResult func protect(
    in sizes: Protection.Sizes, percent: Int = 5
  ) throws -> Protection.Report {
    try Protection(
      store, holdings(), in: sizes, meter: ProgressMeter(), interruption: Interruption()
    ).run(percent: percent, atMost: .unlimited)
  }

  func scrub(_ mending: Scrub.Mending) throws -> Scrub.Report {
    try Scrub(
      store, keeper, holdings(), without: droppedSnapshots, meter: ProgressMeter(),
      interruption: Interruption()
    ).run(.everything, atMost: .unlimited, mending: mending)
  }

  /// Whether everything that must be there is, bit for bit.
  func isWhole() throws -> Bool {
    try kept.allSatisfy { name, bytes in
      guard try store.size(of: name) != nil else { return false }
      return try store.read(name, nil) == bytes
    }
  }

  /// Flips a bit of an object, cuts it off, or loses it.
  func damage(_ name: ObjectName, _ chance: inout SeededChance) throws {
    var bytes = try store.read(name, nil)
    switch Int.random(in: 0..<3, using: &chance) {
    case 0: bytes[Int.random(in: bytes.indices, using: &chance)] ^= 1
    case 1: bytes.removeLast(Int.random(in: 1...bytes.count, using: &chance))
    default: return try store.remove(name)
    }
    try store.replace(name) { [bytes] take in try bytes.withBytes { try take($0) } }
  }
}
