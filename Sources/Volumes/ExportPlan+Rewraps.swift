import Keeping
import Repository
import Vocabulary

extension ExportPlan {
  /// Adds what officers rewrapped of a host's objects and the other side does not know.
  ///
  /// An other side that has more entries than there are here was rewrapped there; what is new is its own affair.
  ///
  /// - Parameters:
  ///   - holding: what the host's ledger asks for.
  ///   - store: what it is taken from.
  ///   - there: the last entry that the other side has; nil where it has none.
  /// - Returns: the rows of what was rewrapped since, in their order: they travel again.
  /// - Throws: `have.other-history`, and what the store fails with.
  mutating func addRewraps(
    of holding: HostHolding, from store: any BlobStore, after there: LedgerHead?
  ) throws -> [Int] {
    guard holding.rewrapHead != nil else { return [] }
    let rewraps = try RewrapLedger(in: store, of: holding.host)
    let known = there?.sequence ?? LedgerSequence(0)
    for head in rewraps.heads {
      let entry = ObjectName.rewrapEntry(holding.host, head.sequence)
      if let there, head.sequence == known, head != there { throw Self.otherHistory(entry) }
      guard head.sequence > known else { continue }
      try add(
        entry, head.sha256, signedIn: .rewrapSignature(holding.host, head.sequence), of: store)
    }
    return rewraps.names.filter { rewraps[$0].map { $0.sequence > known } ?? false }
      .compactMap { holding.objects.row(of: $0.path.utf8) }.sorted()
  }
}
