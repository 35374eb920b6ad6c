package import Vocabulary

/// What a keeper's entries come to: when each snapshot came, what is held, marked and gone.
package struct KeeperBook: Sendable {
  /// When and as what an entry came.
  package struct Receipt: Sendable, Hashable {
    package let snapshot: SnapshotID
    package let sha256: SHA256Digest
    package let time: Timestamp
    /// The keeper's entry that says so.
    package let entry: LedgerSequence
  }

  /// Why and since when a snapshot is held.
  package struct Hold: Sendable, Hashable {
    package let reason: String
    package let since: Timestamp
  }

  /// The time of the newest entry; the keeper's clock counts from here where it went back.
  package private(set) var time: Timestamp?
  /// Receipts of each host's entries, by number.
  package private(set) var receipts: [String: [LedgerSequence: Receipt]] = [:]
  /// The times at which the keeper saw something new, ascending.
  package private(set) var looks: [Timestamp] = []
  package private(set) var holds: [SnapshotID: Hold] = [:]
  /// Snapshots that are marked, and the moment before which they do not go.
  package private(set) var condemned: [SnapshotPlace: Timestamp] = [:]
  /// Snapshots whose removal was begun and is not known to have ended, since when.
  package private(set) var removing: [SnapshotPlace: Timestamp] = [:]
  /// Snapshots that are gone, whole or in part, or never came, and since when this is known.
  package private(set) var gone: [SnapshotPlace: Timestamp] = [:]
  /// The newest acceptance of each brake, by host and code.
  package private(set) var accepted: [String: [String: LedgerSequence]] = [:]

  package init() {}

  /// Takes the next entry in.
  package mutating func take(_ entry: KeeperEntry) {
    let time = max(entry.time, time ?? entry.time)
    self.time = time
    switch entry.act {
    case .received(let entries):
      looks.append(time)
      for receipt in entries {
        // The first sight counts; another one would be a rewritten history.
        receipts[receipt.place.host, default: [:]][receipt.place.sequence] =
          receipts[receipt.place.host]?[receipt.place.sequence]
          ?? Receipt(
            snapshot: receipt.place.snapshot, sha256: receipt.sha256, time: time,
            entry: entry.sequence)
      }
    case .held(let snapshot, let reason):
      holds[snapshot] = Hold(reason: reason, since: time)
      condemned = condemned.filter { $0.key.snapshot != snapshot }
    case .released(let snapshot): holds[snapshot] = nil
    case .accepted(let findings):
      for finding in findings {
        accepted[finding.place.host, default: [:]][finding.code] = finding.place.sequence
      }
    case .condemned(let places, let until):
      for place in places where gone[place] == nil && holds[place.snapshot] == nil {
        condemned[place] = until
      }
    case .removing(let places):
      for place in places {
        condemned[place] = nil
        (removing[place], gone[place]) = (time, gone[place] ?? time)
      }
    case .removed(let places, _, _):
      for place in places { removing[place] = nil }
    case .neverCame(let places, _):
      for place in places { (condemned[place], gone[place]) = (nil, gone[place] ?? time) }
    }
  }
}
