extension Ledger {
  /// The objects that the snapshot at `sequence` needs, as they lie in the store now: what the whole
  /// ledger says last of a pack's header counts for every snapshot.
  ///
  /// - Throws: `ledger.broken` where an entry up to that one contradicts itself.
  package func needed(at sequence: LedgerSequence) throws -> NeededSet {
    var set = NeededSet()
    for verified in entries {
      if verified.entry.sequence <= sequence {
        try set.apply(verified.entry)
      } else {
        set.replaceHeaders(asSaidIn: verified.entry)
      }
    }
    return set
  }

  /// The objects that any snapshot needs, as they lie in the store now, from one replay of the ledger.
  ///
  /// - Throws: `ledger.broken` where an entry contradicts itself.
  package func neededByAny() throws -> NeededSet {
    var set = NeededSet()
    var all = NeededSet()
    for verified in entries {
      try set.apply(verified.entry)
      for record in verified.entry.added {
        guard let name = ObjectName(ledgerText: record.name) else { continue }
        all.insert(name, NeededSet.Facts(size: record.size, sha256: record.sha256))
      }
    }
    return all
  }
}
