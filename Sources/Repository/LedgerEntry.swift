package import Signatures
package import Vocabulary

/// The place of an entry in its host's ledger, counted from 1, written with eight digits.
package struct LedgerSequence: Sendable, Hashable, Comparable, Codable {
  package let number: Int

  package init(_ number: Int) {
    self.number = number
  }

  /// The first entry's place.
  package static let first = LedgerSequence(1)

  /// The place after this one.
  package var next: LedgerSequence { LedgerSequence(number + 1) }

  package init(from decoder: any Decoder) throws {
    number = try decoder.singleValueContainer().decode(Int.self)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(number)
  }

  package static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

extension LedgerSequence: CustomStringConvertible {
  package var description: String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
  }
}

/// An object as the ledger records it.
package struct ObjectRecord: Sendable, Hashable, Codable {
  package let name: String
  /// Length in bytes.
  package let size: Int
  package let sha256: SHA256Digest

  package init(name: ObjectName, size: Int, sha256: SHA256Digest) {
    self.name = name.path
    self.size = size
    self.sha256 = sha256
  }
}

/// What a run did with a source; plain, so that a keeper without keys sees when one goes missing.
package struct SourceSummary: Sendable, Hashable, Codable {
  package enum State: String, Sendable, Codable {
    case saved
    /// Saved, but some files in it could not be read.
    case partly
    case failed
    /// Left out of this run by `--only`.
    case skipped
  }

  package let name: SourceName
  package let compartment: CompartmentName
  package let kind: String
  package let state: State
  /// Bytes that the source holds.
  package let bytes: Int
  package let files: Int

  package init(
    name: SourceName, compartment: CompartmentName, kind: String, state: State, bytes: Int,
    files: Int
  ) {
    self.name = name
    self.compartment = compartment
    self.kind = kind
    self.state = state
    self.bytes = bytes
    self.files = files
  }
}

/// One snapshot in the plain, signed, hash-chained ledger; `docs/formats/store.md`, Ledger entry.
package struct LedgerEntry: Sendable, Codable {
  /// The digest of the whole set of objects a snapshot needs.
  package struct Needed: Sendable, Hashable, Codable {
    package let count: Int
    package let bytes: Int
    package let sha256: SHA256Digest

    package init(count: Int, bytes: Int, sha256: SHA256Digest) {
      (self.count, self.bytes, self.sha256) = (count, bytes, sha256)
    }
  }

  package static let type = "coffer-ledger-entry"

  package let type: String
  package let format: Int
  package let store: String
  package let host: String
  package let hostname: String
  package let sequence: LedgerSequence
  package let previous: SHA256Digest?
  package let snapshot: SnapshotID
  package let started: Timestamp
  package let finished: Timestamp
  package let sources: [SourceSummary]
  /// The seals of the compartments; nil in entries of writers that did not note them yet.
  package let compartments: [CompartmentSeal]?
  package let added: [ObjectRecord]
  package let unneeded: [String]
  package let needed: Needed

  package init(
    store: String, host: KeyID, hostname: String, sequence: LedgerSequence,
    previous: SHA256Digest?, snapshot: SnapshotID, started: Timestamp, finished: Timestamp,
    sources: [SourceSummary], compartments: [CompartmentSeal]?, added: [ObjectRecord],
    unneeded: [ObjectName], needed: Needed
  ) {
    self.type = Self.type
    self.format = StoreFormat.version
    self.store = store
    self.host = host.description
    self.hostname = hostname
    self.sequence = sequence
    self.previous = previous
    self.snapshot = snapshot
    self.started = started
    self.finished = finished
    self.sources = sources
    self.compartments = compartments
    self.added = added
    self.unneeded = unneeded.map(\.path)
    self.needed = needed
  }

  /// Synthesised decoding accepts a missing `previous`; encoding must still write it.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(type, forKey: .type)
    try container.encode(format, forKey: .format)
    try container.encode(store, forKey: .store)
    try container.encode(host, forKey: .host)
    try container.encode(hostname, forKey: .hostname)
    try container.encode(sequence, forKey: .sequence)
    try container.encode(previous, forKey: .previous)
    try container.encode(snapshot, forKey: .snapshot)
    try container.encode(started, forKey: .started)
    try container.encode(finished, forKey: .finished)
    try container.encode(sources, forKey: .sources)
    try container.encodeIfPresent(compartments, forKey: .compartments)
    try container.encode(added, forKey: .added)
    try container.encode(unneeded, forKey: .unneeded)
    try container.encode(needed, forKey: .needed)
  }
}

extension SourceSummary {
  /// Whether the snapshot holds this source.
  package var isThere: Bool { state == .saved || state == .partly }
}
