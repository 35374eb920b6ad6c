package import Repository
package import Signatures
package import Vocabulary

/// One host's ledger as retention needs it: what each entry says, and from when to when objects are needed.
package struct HostHistory: Sendable {
  /// An entry without its objects.
  package struct Entry: Sendable {
    package let place: SnapshotPlace
    package let sha256: SHA256Digest
    package let sources: [SourceSummary]
    package let seals: [CompartmentSeal]

    /// Whether it is of a snapshot that can be restored: one of which nothing was saved cannot.
    package var holdsSources: Bool { sources.contains(where: \.isThere) }
  }

  package let host: KeyID
  /// Whether the host's key vouches for the ledger.
  package let isVouchedFor: Bool
  package private(set) var entries: [Entry] = []
  /// The number of the last entry that lies there, whole or not to be read.
  private(set) var last = 0
  package private(set) var objects = ObjectSpans()
  /// What is wrong with the ledger after the last entry that holds: nothing of this host goes then.
  package private(set) var problem: OperatorError?

  /// Reads a host's ledger.
  ///
  /// - Parameters:
  ///   - walk: along the ledger.
  ///   - isVouchedFor: whether the walk checks signatures.
  ///   - book: what the keeper saw of it before: all of that must still be there.
  /// - Throws: what the store fails with; what is wrong with the ledger is `problem`.
  package init(_ walk: LedgerWalk, isVouchedFor: Bool, knowing book: KeeperBook) throws {
    (host, self.isVouchedFor) = (walk.host, isVouchedFor)
    let receipts = book.receipts[host.description] ?? [:]
    last = try walk.lastWhole().number
    do {
      // A night under way has its signature there a moment before its entry.
      try walk.run(through: walk.last(unfinishedAfter: LedgerSequence(last))) { verified in
        let entry = verified.entry
        if let receipt = receipts[entry.sequence], receipt.sha256 != verified.sha256 {
          throw rewritten(entry.sequence)
        }
        try objects.take(entry)
        entries.append(
          Entry(
            place: SnapshotPlace(host: host, sequence: entry.sequence, snapshot: entry.snapshot),
            sha256: verified.sha256, sources: entry.sources, seals: entry.compartments ?? []))
      }
      if let last = receipts.keys.max(), last.number > entries.count { throw rewritten(last) }
    } catch let error as OperatorError where error.status == .untrusted {
      problem = error
    }
  }

  /// The newest entry, which the host's next night builds upon.
  package var head: Entry? { entries.last }

  private func rewritten(_ sequence: LedgerSequence) -> OperatorError {
    OperatorError(
      "ledger.rolled-back", .untrusted,
      "entry \(sequence) of the ledger of \(host) is not there as the keeper once received it: the "
        + "store was rolled back or its history rewritten",
      hint: "nothing of this host is removed; look for a newer copy of the store")
  }
}
