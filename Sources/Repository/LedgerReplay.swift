extension Ledger {
  /// The objects that the snapshot at `sequence` needs.
  ///
  /// - Throws: `ledger.broken` where an entry up to that one contradicts itself.
  package func needed(at sequence: LedgerSequence) throws -> NeededSet {
    var set = NeededSet()
    for verified in entries where verified.entry.sequence <= sequence {
      try set.apply(verified.entry)
    }
    return set
  }

  /// The objects that any snapshot needs, from one replay of the ledger.
  ///
  /// - Parameter isGone: says which snapshots do not count.
  /// - Returns: the objects.
  /// - Throws: `ledger.broken` where an entry contradicts itself.
  package func neededByAny(
    without isGone: (LedgerEntry) -> Bool = { _ in false }
  ) throws -> NeededSet {
    var set = NeededSet()
    var all = NeededSet()
    // What was added since the last snapshot that counts, and counts only if it lives to see another.
    var unseen: Set<ObjectName> = []
    for verified in entries {
      let dropped = verified.entry.unneeded.compactMap { ObjectName(ledgerText: $0) }
      try set.apply(verified.entry)
      unseen.subtract(dropped)
      for record in verified.entry.added {
        guard let name = ObjectName(ledgerText: record.name) else { continue }
        if all.objects[name] == nil { unseen.insert(name) }
      }
      if !isGone(verified.entry) {
        for name in unseen { if let facts = set.objects[name] { all.insert(name, facts) } }
        unseen = []
      }
    }
    return all
  }
}
