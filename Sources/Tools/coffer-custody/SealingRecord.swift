import CustodyRecords
import LocalFiles
import SealedSecrets
import SystemPackage
import Vocabulary

/// What the custody record tells of a sealing: that it began, and how it ended.
///
/// A beginning without an end was cut off; a counter that nobody knows may be left in the TPM.
struct SealingRecord {
  private let record: CustodyRecord
  private let file: FilePath
  private let old: FilePath?
  private let former: SealedSecret?

  init(
    _ record: CustodyRecord, file: FilePath, replacing old: FilePath?, _ former: SealedSecret?
  ) {
    self.record = record
    self.file = LocalPath(file).canonical
    self.old = old.map { LocalPath($0).canonical }
    self.former = former
  }

  /// Has a sealing done, and records it.
  ///
  /// - Returns: what was sealed, and the record's new head.
  func make(_ sealing: () throws -> SealedSecret) throws -> (SealedSecret, RecordHead) {
    try record.append(action(.begun))
    let sealed: SealedSecret
    do {
      sealed = try sealing()
    } catch {
      let code = (error as? OperatorError)?.code ?? "unexpected"
      let outcome: CustodyAction.Outcome = code == "seal.unfinished" ? .failed : .rolledBack
      // What failed first is what the operator is told.
      _ = try? record.append(action(outcome, ["error": .text(code)]))
      throw error
    }
    return (sealed, try record.append(action(.done, sealed: sealed)))
  }

  private func action(
    _ outcome: CustodyAction.Outcome, _ more: [String: JSONValue] = [:],
    sealed: SealedSecret? = nil
  ) throws -> CustodyAction {
    var details = more
    if let old { details["replaces"] = .text(old.string) }
    var digests: [String: SHA256Digest] = [:]
    digests["sealed"] = sealed?.sha256
    digests["replaced"] = former?.sha256
    return CustodyAction(
      "secret.seal", on: .init(device: file.string, uuid: nil),
      before: try former.map { try JSONDocument.value(of: SealingTerms($0)) } ?? .null,
      after: try sealed.map { try JSONDocument.value(of: SealingTerms($0)) } ?? .null,
      details: details, digests: digests, outcome: outcome)
  }
}
