import ProofTools
import SecretMemory
import Signatures
import Stores
import Testing
import Vocabulary

@testable import Repository

/// A ledger of a few entries that each add an object, and what an attacker does to it.
final class SmallLedger {
  let host: SmallHost
  private(set) var needed = NeededSet()
  private(set) var head: LedgerHead?

  init(key: SigningKey = SigningKey.generate(), entries: Int = 0) throws {
    host = try SmallHost(key: key)
    for _ in 0..<entries { try append() }
  }

  var key: SigningKey { host.key }
  var keyID: KeyID { host.key.verifyingKey.keyID }

  /// Adds an entry; what is given takes the place of what would be right.
  func append(
    previous: SHA256Digest?? = nil, added: [ObjectRecord]? = nil, unneeded: [ObjectName] = [],
    summary: LedgerEntry.Needed? = nil, sequence: LedgerSequence? = nil, signedBy: SigningKey? = nil
  ) throws {
    let bytes = Randomness.bytes(count: 32)
    let digest = try #require(SHA256Digest(bytes: bytes))
    let records = added ?? [ObjectRecord(name: .pack(digest), size: 7, sha256: digest)]
    for record in records {
      if let name = ObjectName(ledgerText: record.name) {
        needed.insert(name, .init(size: record.size, sha256: record.sha256))
      }
    }
    needed.remove(unneeded)
    let entry = LedgerEntry(
      store: host.format.store, host: keyID, hostname: "proof",
      sequence: sequence ?? head?.sequence.next ?? .first,
      previous: previous ?? head?.sha256, snapshot: SnapshotID(startedAt: .now()),
      started: .now(), finished: .now(), sources: [], compartments: nil, added: records,
      unneeded: unneeded,
      needed: summary ?? needed.summary)
    head = try entry.publish(to: host.store, signedWith: signedBy ?? key)
  }

  func entry(_ number: Int) -> ObjectName { .ledgerEntry(keyID, LedgerSequence(number)) }
  func signature(_ number: Int) -> ObjectName { .ledgerSignature(keyID, LedgerSequence(number)) }

  func remove(_ names: ObjectName...) throws {
    for name in names { try host.store.remove(name) }
  }

  func move(_ name: ObjectName, to other: ObjectName) throws {
    try host.overwrite(other, host.store.read(name))
  }

  /// What reading the ledger is refused with.
  func problem(unfinishedAfter known: LedgerSequence? = nil) -> OperatorError? {
    refusal { _ = try loadLedger(host.store, key, unfinishedAfter: known) }
  }
}
