package import Signatures
package import Vocabulary

/// A snapshot's place: the host whose ledger it is in, and its number there.
package struct SnapshotPlace: Sendable, Hashable, Comparable, Codable {
  /// The id of the host's key, as it is written.
  package let host: String
  package let sequence: LedgerSequence
  package let snapshot: SnapshotID

  package init(host: KeyID, sequence: LedgerSequence, snapshot: SnapshotID) {
    (self.host, self.sequence, self.snapshot) = (host.description, sequence, snapshot)
  }

  /// The place of an entry that was checked.
  package init(of entry: LedgerEntry) {
    (host, sequence, snapshot) = (entry.host, entry.sequence, entry.snapshot)
  }

  package static func < (left: Self, right: Self) -> Bool {
    (left.host, left.sequence, left.snapshot) < (right.host, right.sequence, right.snapshot)
  }
}

/// A host's ledger entry as the keeper first saw it.
package struct LedgerReceipt: Sendable, Hashable, Codable {
  package let place: SnapshotPlace
  /// SHA-256 of the entry's file.
  package let sha256: SHA256Digest

  package init(place: SnapshotPlace, sha256: SHA256Digest) {
    (self.place, self.sha256) = (place, sha256)
  }
}

/// A brake that somebody released on purpose: it holds no more against what is like this snapshot.
package struct AcceptedFinding: Sendable, Hashable, Codable {
  /// The brake's reason, such as `smaller`.
  package let code: String
  /// The newest snapshot when it was released.
  package let place: SnapshotPlace

  package init(code: String, place: SnapshotPlace) {
    (self.code, self.place) = (code, place)
  }
}

/// What a keeper did; `docs/formats/store.md`, Keeper's entry.
package enum KeeperAct: Sendable, Hashable {
  /// Saw entries for the first time, in this order.
  case received([LedgerReceipt])
  /// Will not let a snapshot go, whatever the policy says.
  case held(SnapshotID, reason: String)
  /// Ended a hold.
  case released(SnapshotID)
  /// Went on although a brake said no.
  case accepted([AcceptedFinding])
  /// Marked snapshots that no policy keeps: they go after this moment, unless they are held or kept.
  case condemned([SnapshotPlace], until: Timestamp)
  /// Began to remove what only these snapshots need; from here on they are gone.
  case removing([SnapshotPlace])
  /// Removed it all: so many objects, so many bytes.
  case removed([SnapshotPlace], objects: Int, bytes: Int)
  /// Took over that another keeper had let go of these before they came here.
  case neverCame([SnapshotPlace], saysKeeper: String)
}

/// One entry in the keeper's own chain: plain, signed, with the hash of the one before.
package struct KeeperEntry: Sendable, ChainedEntry {
  package static let type = "coffer-keeper-entry"

  package let type: String
  package let format: Int
  package let store: String
  /// The id of the keeper's key.
  package let keeper: String
  package let sequence: LedgerSequence
  package let previous: SHA256Digest?
  /// By the keeper's clock; never before the entry before.
  package let time: Timestamp
  package let act: KeeperAct

  package var signer: String { keeper }

  package init(
    store: String, keeper: KeyID, sequence: LedgerSequence, previous: SHA256Digest?,
    time: Timestamp, act: KeeperAct
  ) {
    (type, format) = (Self.type, StoreFormat.version)
    (self.store, self.keeper) = (store, keeper.description)
    (self.sequence, self.previous) = (sequence, previous)
    (self.time, self.act) = (time, act)
  }
}

extension KeeperEntry {
  private enum Key: String, CodingKey {
    case type, format, store, keeper, sequence, previous, time, act
    case entries, snapshot, reason, findings, snapshots, until, objects, bytes, says
  }

  private enum Word: String, Codable {
    case received, held, released, accepted, condemned, removing, removed
    case neverCame = "never-came"
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    func value<Value: Decodable>(_ key: Key) throws -> Value {
      try container.decode(Value.self, forKey: key)
    }
    (type, format) = (try value(.type), try value(.format))
    (store, keeper) = (try value(.store), try value(.keeper))
    sequence = try value(.sequence)
    previous = try container.decodeIfPresent(SHA256Digest.self, forKey: .previous)
    time = try value(.time)
    let word: Word = try value(.act)
    act =
      switch word {
      case .received: .received(try value(.entries))
      case .held: .held(try value(.snapshot), reason: try value(.reason))
      case .released: .released(try value(.snapshot))
      case .accepted: .accepted(try value(.findings))
      case .condemned: .condemned(try value(.snapshots), until: try value(.until))
      case .removing: .removing(try value(.snapshots))
      case .removed:
        .removed(try value(.snapshots), objects: try value(.objects), bytes: try value(.bytes))
      case .neverCame: .neverCame(try value(.snapshots), saysKeeper: try value(.says))
      }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(type, forKey: .type)
    try container.encode(format, forKey: .format)
    try container.encode(store, forKey: .store)
    try container.encode(keeper, forKey: .keeper)
    try container.encode(sequence, forKey: .sequence)
    try container.encode(previous, forKey: .previous)
    try container.encode(time, forKey: .time)
    switch act {
    case .received(let entries):
      try container.encode(Word.received, forKey: .act)
      try container.encode(entries, forKey: .entries)
    case .held(let snapshot, let reason):
      try container.encode(Word.held, forKey: .act)
      try container.encode(snapshot, forKey: .snapshot)
      try container.encode(reason, forKey: .reason)
    case .released(let snapshot):
      try container.encode(Word.released, forKey: .act)
      try container.encode(snapshot, forKey: .snapshot)
    case .accepted(let findings):
      try container.encode(Word.accepted, forKey: .act)
      try container.encode(findings, forKey: .findings)
    case .condemned(let snapshots, let until):
      try container.encode(Word.condemned, forKey: .act)
      try container.encode(snapshots, forKey: .snapshots)
      try container.encode(until, forKey: .until)
    case .removing(let snapshots):
      try container.encode(Word.removing, forKey: .act)
      try container.encode(snapshots, forKey: .snapshots)
    case .removed(let snapshots, let objects, let bytes):
      try container.encode(Word.removed, forKey: .act)
      try container.encode(snapshots, forKey: .snapshots)
      try container.encode(objects, forKey: .objects)
      try container.encode(bytes, forKey: .bytes)
    case .neverCame(let snapshots, let keeper):
      try container.encode(Word.neverCame, forKey: .act)
      try container.encode(snapshots, forKey: .snapshots)
      try container.encode(keeper, forKey: .says)
    }
  }
}
