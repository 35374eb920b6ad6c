package import CustodyRecords
internal import TrustedHardware
package import Vocabulary

/// When the keyslots of a volume were made, where the custody record tells; a header has no dates.
package struct KeyslotDates: Sendable {
  private let times: [Int: Timestamp]

  /// Reads the record, as far as it holds.
  ///
  /// A keyslot has a date where an action ended with it that had begun without it. It has none where its
  /// tokens are not of the type and policy of then, or a backup of the header says that another keyslot
  /// had its number since: another program was at work.
  ///
  /// - Parameters:
  ///   - volume: the volume as it is now.
  ///   - record: the record; nil where there is no place for one.
  package init(of volume: Volume, record: CustodyRecord?) {
    var made: [Int: (time: Timestamp, openers: Set<Opener>)] = [:]
    let present = Dictionary(volume.keyslots.map { ($0.number, $0.fingerprint) }) { $1 }
    try? record?.read { verified in
      let entry = verified.entry
      guard entry.subject.uuid == volume.uuid, entry.outcome == .done else { return }
      if entry.action == HeaderBackupHistory.expiredAs { made = [:] }
      if entry.action == HeaderBackup.recordedAs, let backup = entry.details["backup"],
        let facts = try? JSONDocument.decode(HeaderBackupFacts.self, from: backup)
      {
        let same = Set(facts.keyslots.filter { present[$0.number] == $0.sha256 }.map(\.number))
        made = made.filter { same.contains($0.key) }
      }
      guard let before = Ways(entry.before), let after = Ways(entry.after) else { return }
      made = made.filter { after.keyslots.contains($0.key) }
      for keyslot in Set(after.keyslots).subtracting(before.keyslots) {
        made[keyslot] = (entry.time, after.openers(of: keyslot))
      }
    }
    times = made.filter { keyslot, made in
      present[keyslot] != nil
        && Set(volume.tokens(of: keyslot).map { Opener($0) }) == made.openers
    }.mapValues(\.time)
  }

  /// When a keyslot was made; nil where that is not known.
  package func time(of keyslot: Int) -> Timestamp? { times[keyslot] }

  /// What a token says of what opens its keyslot.
  private struct Opener: Hashable {
    let type: String
    let policy: [String]?

    init(_ token: VolumeToken) { (type, policy) = (token.type, token.tpm2?.policyHashes) }
    init(_ token: Ways.Token) { (type, policy) = (token.type, token.policy) }
  }

  /// The ways into a volume, as an entry has them.
  private struct Ways: Decodable {
    let keyslots: [Int]
    let tokens: [Token]

    init?(_ value: JSONValue) {
      guard let ways = try? JSONDocument.decode(Self.self, from: value) else { return nil }
      self = ways
    }

    func openers(of keyslot: Int) -> Set<Opener> {
      Set(tokens.filter { $0.keyslots.contains(keyslot) }.map { Opener($0) })
    }

    struct Token: Decodable {
      let type: String
      let keyslots: [Int]
      let policy: [String]?
    }
  }
}
