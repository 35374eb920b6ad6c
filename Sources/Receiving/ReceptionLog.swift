package import Keeping
package import Repository
package import Signatures
import Synchronization
package import Vocabulary

/// Notes in the keeper's journal what a host sent, and what it was refused.
package final class ReceptionLog: Sendable {
  /// A hostile client is not to fill the journal, either; nor is one thing to hide another.
  private static let mostOfACode = 20

  private let host: KeyID
  private let keeper: KeeperFolder
  private let refusals = Mutex<[String: Int]>([:])

  /// Prepares to note, and remembers the host's key: it is the keeper who named it.
  ///
  /// - Throws: `keeper.other-key`, `keeper.unusable`.
  package init(of key: VerifyingKey, in keeper: KeeperFolder) throws {
    (host, self.keeper) = (key.keyID, keeper)
    try KnownHosts(in: keeper).remember(key)
  }

  /// Notes that an entry came in.
  package func received(_ verified: Ledger.VerifiedEntry) {
    let entry = verified.entry
    note(
      "received",
      [
        "host": .text("\(host)"), "sequence": .integer(entry.sequence.number),
        "snapshot": .text("\(entry.snapshot)"), "sha256": .text("\(verified.sha256)"),
        "objects": .integer(entry.added.count),
      ])
  }

  /// Notes what no honest host would have asked for, or could not have sent.
  package func refused(_ error: OperatorError) {
    let statuses: [ExitStatus] = [.refused, .untrusted, .mismatch]
    guard statuses.contains(error.status) || error.code.hasPrefix("receive.") else { return }
    let isNoted = refusals.withLock { refusals in
      refusals[error.code, default: 0] += 1
      return refusals[error.code, default: 0] <= Self.mostOfACode
    }
    guard isNoted else { return }
    note(
      "refused",
      [
        "host": .text("\(host)"), "code": .text(error.code),
        "message": .text(error.message),
      ])
  }

  /// Notes why the keeper signed no receipt for what came in; his next verb does it.
  package func unreceipted(_ error: OperatorError) {
    note(
      "receipt",
      [
        "host": .text("\(host)"), "status": .integer(Int(error.status.rawValue)),
        "code": .text(error.code), "message": .text(error.message),
      ])
  }

  private func note(_ act: String, _ details: [String: JSONValue]) {
    // What came in is in the store, whether it is noted or not.
    try? KeeperJournal(in: keeper).note(act, details)
  }
}
