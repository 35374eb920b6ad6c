package import CustodyRecords
package import Vocabulary

/// What the custody record knows of a volume's header backups.
///
/// Unlike the plain files beside the backups it is signed, and it knows those that lie elsewhere.
package struct HeaderBackupHistory: Sendable {
  /// A backup that was made.
  package struct Made: Sendable {
    package let facts: HeaderBackupFacts
    /// Where it was written to.
    package let file: String
    let sequence: Int
  }

  /// What the record calls it when older backups must not be restored any more.
  static let expiredAs = "luks.header-backups-expired"

  /// The backups that were made, in order.
  package let made: [Made]
  /// The digest of the volume key that was last seen by any action on the volume.
  package let lastVolumeKeyDigest: SHA256Digest?
  /// Why the record was not read to its end; what stands before that is used.
  package let problem: OperatorError?

  private let expiries: [(sequence: Int, expiry: HeaderBackupFacts.Expiry)]

  /// Reads the record.
  ///
  /// - Parameters:
  ///   - uuid: the volume's.
  ///   - record: the record; nil where there is no place for one.
  package init(of uuid: String, in record: CustodyRecord?) {
    var made: [Made] = []
    var expiries: [(sequence: Int, expiry: HeaderBackupFacts.Expiry)] = []
    var digest: SHA256Digest?
    var problem: OperatorError?
    do {
      try record?.read { verified in
        let (entry, sequence) = (verified.entry, verified.head.sequence)
        guard entry.subject.uuid == uuid, entry.outcome == .done else { return }
        digest = entry.digests["volumeKey"] ?? digest
        if entry.action == HeaderBackup.recordedAs, let backup = entry.details["backup"],
          let facts = try? JSONDocument.decode(HeaderBackupFacts.self, from: backup),
          case .text(let file)? = entry.details["file"]
        {
          made.append(Made(facts: facts, file: file, sequence: sequence))
        }
        if entry.action == Self.expiredAs, case .text(let reason)? = entry.details["reason"] {
          expiries.append((sequence, HeaderBackupFacts.Expiry(time: entry.time, reason: reason)))
        }
      }
    } catch let error as OperatorError {
      problem = error
    } catch {
      problem = OperatorError("record.unreadable", .failed, "\(error)")
    }
    (self.made, self.expiries, lastVolumeKeyDigest) = (made, expiries, digest)
    self.problem = problem
  }

  /// The facts of the backup whose age file has a SHA-256; nil where the record does not know it.
  func facts(ofAge digest: SHA256Digest) -> HeaderBackupFacts? {
    made.last { $0.facts.ageSHA256 == digest }?.facts
  }

  /// Whether a backup must not be restored any more: it says so itself, or the record does.
  package func expiry(of facts: HeaderBackupFacts) -> HeaderBackupFacts.Expiry? {
    if let expired = facts.expired { return expired }
    let own = made.last { $0.facts.ageSHA256 == facts.ageSHA256 }?.sequence
    return expiries.first { sequence, expiry in
      own.map { $0 < sequence } ?? (facts.time <= expiry.time)
    }?.expiry
  }
}
