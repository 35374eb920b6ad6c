import CustodyRecords
import Repository
import Rewrapping
import Signatures
import SystemPackage
import Vocabulary

/// What the custody record tells of a rewrapping: that it began, and how it ended.
struct RewrapRecord {
  private let record: CustodyRecord
  private let store: String
  private let ledger: Ledger
  private let policy: RewrapPolicy

  init(_ record: CustodyRecord, of store: String, in ledger: Ledger, _ policy: RewrapPolicy) {
    (self.record, self.store, self.ledger, self.policy) = (record, store, ledger, policy)
  }

  /// The file of the key that signs for the officer.
  var publicKey: FilePath { record.publicKey }

  /// Has a plan carried out, and records it.
  ///
  /// - Returns: the entry in the store.
  func make(
    _ plan: RewrapPlan, _ apply: (SigningKey) throws -> LedgerHead
  ) throws -> LedgerHead {
    try record.append(action(.begun, plan))
    let head: LedgerHead
    do {
      head = try apply(record.signer())
    } catch {
      let code = (error as? OperatorError)?.code ?? "unexpected"
      // What failed first is what the operator is told.
      _ = try? record.append(action(.failed, plan, ["error": .text(code)]))
      throw error
    }
    let entry = JSONValue.integer(head.sequence.number)
    try record.append(action(.done, plan, ["entry": entry], ["entry": head.sha256]))
    return head
  }

  private func action(
    _ outcome: CustodyAction.Outcome, _ plan: RewrapPlan, _ more: [String: JSONValue] = [:],
    _ digests: [String: SHA256Digest] = [:]
  ) throws -> CustodyAction {
    var details = more
    details["host"] = .text("\(ledger.host)")
    details["objects"] = .integer(plan.count)
    let after = policy.compartments.map { compartment, readers in
      (compartment.text, JSONValue.list(readers.texts.map { .text($0) }))
    }
    let before = Dictionary(grouping: plan.exposures) { $0.compartment.text }.mapValues {
      JSONValue.list($0.map { .text($0.recipient ?? "unknown") })
    }
    return CustodyAction(
      "recipients.rewrap", on: .init(device: store, uuid: ledger.store.store),
      before: .object(["left-out": .object(before)]),
      after: .object(["recipients": .object(Dictionary(uniqueKeysWithValues: after))]),
      details: details, digests: digests, outcome: outcome)
  }
}
