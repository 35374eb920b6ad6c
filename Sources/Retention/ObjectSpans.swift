package import Repository
import Vocabulary

/// From which entry to which each object of one host's ledger is needed.
///
/// That is the whole replay in one pass: what a snapshot needs, and what all of the kept ones need,
/// can then be asked without another.
package struct ObjectSpans: Sendable {
  /// An object that is needed by the entries from `first` on.
  private struct Open {
    let first: Int
    var size: Int
  }

  /// An object that was needed by the entries of a range.
  private struct Closed {
    let name: ObjectName
    let size: Int
    let entries: Range<Int>
  }

  private var open: [ObjectName: Open] = [:]
  private var closed: [Closed] = []
  private var bytes = 0
  private var last = 0

  package init() {}

  /// Takes the next entry in.
  ///
  /// Count and bytes are held against what the entry says; the digest of the whole set is scrub's to check.
  ///
  /// - Throws: `ledger.broken` where the entry drops what was not needed, names what no object can be
  ///   called, or where the sums are not its own.
  package mutating func take(_ entry: LedgerEntry) throws {
    func broken(_ why: String) -> OperatorError {
      OperatorError(
        "ledger.broken", .untrusted,
        "ledger entry \(entry.sequence) of \(entry.host) contradicts itself: \(why)",
        hint: "nothing is removed; look for another copy of the store")
    }
    last = entry.sequence.number
    for text in entry.unneeded {
      guard let name = ObjectName(ledgerText: text), let object = open.removeValue(forKey: name)
      else { throw broken("it drops '\(text)', which was not needed") }
      bytes -= object.size
      if object.first < last {
        closed.append(Closed(name: name, size: object.size, entries: object.first..<last))
      }
    }
    for record in entry.added {
      guard let name = ObjectName(ledgerText: record.name),
        NeededSet.Facts.sizes.contains(record.size)
      else { throw broken("it adds an object of an impossible name or size") }
      let known = open[name]
      open[name] = Open(first: known?.first ?? last, size: record.size)
      bytes += record.size - (known?.size ?? 0)
    }
    guard open.count == entry.needed.count, bytes == entry.needed.bytes else {
      throw broken("what it needs is not as much as it says")
    }
  }

  /// What some of the entries need and no kept one does at that time: it may have been dropped and added
  /// again, which `spare` sees to.
  ///
  /// - Parameters:
  ///   - going: numbers of entries.
  ///   - kept: numbers of entries.
  /// - Returns: the objects with their sizes.
  package func needed(by going: EntryNumbers, not kept: EntryNumbers) -> [ObjectName: Int] {
    var found: [ObjectName: Int] = [:]
    forEach { name, size, entries in
      if going.meets(entries), !kept.meets(entries) { found[name] = size }
    }
    return found
  }

  /// Takes out of a set what kept entries need.
  package func spare(_ objects: inout [ObjectName: Int], for kept: EntryNumbers) {
    guard !objects.isEmpty else { return }
    forEach { name, _, entries in
      if kept.meets(entries) { objects[name] = nil }
    }
  }

  private func forEach(_ body: (ObjectName, Int, Range<Int>) -> Void) {
    for object in closed { body(object.name, object.size, object.entries) }
    for (name, object) in open { body(name, object.size, object.first..<last + 1) }
  }
}

/// Numbers of entries of one ledger.
package struct EntryNumbers: Sendable {
  private let ascending: [Int]

  package init(_ numbers: some Sequence<Int>) {
    ascending = numbers.sorted()
  }

  /// Whether any of them is in a range.
  func meets(_ range: Range<Int>) -> Bool {
    var (low, high) = (0, ascending.count)
    while low < high {
      let middle = (low + high) / 2
      if ascending[middle] < range.lowerBound { low = middle + 1 } else { high = middle }
    }
    return low < ascending.count && ascending[low] < range.upperBound
  }
}
