import Foundation
import ProofTools
import Repository
import SecretMemory
import Signatures
import Vocabulary

/// A host's ledger as somebody sees it who has the host's key, and what he makes up for it.
struct Forgery {
  let key: SigningKey
  let entries: [LedgerEntry]
  let head: SHA256Digest

  /// Reads a host's ledger, or what it was when it had `last` entries.
  init(_ host: Deployment, _ store: Store, upTo last: Int? = nil) throws {
    key = try host.folder.read("keys/host.key").withBytes { try SigningKey(parsing: $0) }
    let files = try store.entries().prefix(last ?? .max).map { [UInt8](try store.data($0)) }
    entries = try files.map { try JSONDocument.decode(LedgerEntry.self, from: $0) }
    head = SHA256Hasher.digest(of: files.last ?? [])
  }

  /// What the newest entry needs.
  var needed: NeededSet {
    get throws {
      try entries.reduce(into: NeededSet()) { set, entry in try set.apply(entry) }
    }
  }

  /// An entry that goes on from the ledger and is right in everything but what is said here.
  func entry(
    store: String? = nil, host: KeyID? = nil, hostname: String = "elsewhere", sequence: Int? = nil,
    previous: SHA256Digest? = nil,
    snapshot: SnapshotID? = nil, started: Timestamp = .now(),
    sources: [SourceSummary] = [], added: [ObjectRecord] = [],
    unneeded: [ObjectName] = [], missingFromCount: Int = 0
  ) throws -> [UInt8] {
    var set = try needed
    set.remove(unneeded)
    for record in added {
      guard let name = ObjectName(ledgerText: record.name) else { continue }
      set.insert(name, .init(size: record.size, sha256: record.sha256))
    }
    let summary = set.summary
    let entry = LedgerEntry(
      store: store ?? entries[0].store, host: host ?? key.verifyingKey.keyID, hostname: hostname,
      sequence: LedgerSequence(sequence ?? entries.count + 1), previous: previous ?? head,
      snapshot: snapshot ?? SnapshotID(startedAt: started), started: started, finished: started,
      sources: sources, compartments: nil, added: added, unneeded: unneeded,
      needed: .init(
        count: summary.count - missingFromCount, bytes: summary.bytes, sha256: summary.sha256))
    return try JSONDocument.pretty(entry)
  }

  /// Signature and entry, under the names of a place.
  func signed(
    _ entry: [UInt8], at sequence: Int? = nil, by other: SigningKey? = nil
  ) throws -> [(name: String, bytes: [UInt8])] {
    let text = try entry.withBytes { try (other ?? key).sign($0, trustedComment: "forged") }
    return names(at: sequence).enumerated().map { ($1, $0 == 0 ? Array(text.utf8) : entry) }
  }

  /// The names of a signature and its entry.
  func names(at sequence: Int? = nil) -> [String] {
    let (id, place) = (key.verifyingKey.keyID, LedgerSequence(sequence ?? entries.count + 1))
    return [ObjectName.ledgerSignature(id, place).path, ObjectName.ledgerEntry(id, place).path]
  }
}
