import Keeping
package import Repository
import Vocabulary

/// From which entry to which each object of one host's ledger is needed.
///
/// That is the whole replay in one pass: what a snapshot needs, and what all of the kept ones need,
/// can then be asked without another.
package struct ObjectSpans: Sendable {
  /// Every object that an entry added.
  private var objects = ObjectTable()
  /// For each row the entry since which it is needed; 0 where the newest entry does not need it.
  private var since: [Int] = []
  /// Rows that were needed by the entries of a range.
  private var closed: [(row: Int, entries: Range<Int>)] = []
  /// How many objects the newest entry needs, and their bytes.
  private var count = 0
  private var bytes = 0
  private var last = 0

  package init() {}

  /// Takes the next entry in.
  ///
  /// Count and bytes are held against what the entry says; the digest of the whole set is scrub's to check.
  ///
  /// - Throws: `ledger.broken` where the entry drops what was not needed, names what no object can be
  ///   called, gives one another size or SHA-256 than an earlier entry did, or where the sums are not its own.
  package mutating func take(_ entry: LedgerEntry) throws {
    func broken(_ why: String) -> OperatorError {
      OperatorError(
        "ledger.broken", .untrusted,
        "ledger entry \(entry.sequence) of \(entry.host) contradicts itself: \(why)",
        hint: "nothing is removed; look for another copy of the store")
    }
    last = entry.sequence.number
    for text in entry.unneeded {
      guard let row = objects.row(of: text.utf8), since[row] > 0 else {
        throw broken("it drops '\(text)', which was not needed")
      }
      if since[row] < last { closed.append((row, since[row]..<last)) }
      since[row] = 0
      (count, bytes) = (count - 1, bytes - objects.size(at: row))
    }
    for record in entry.added {
      guard ObjectName(ledgerText: record.name) != nil, NeededSet.Facts.sizes.contains(record.size)
      else { throw broken("it adds an object of an impossible name or size") }
      guard let row = objects.add(record.name, .init(size: record.size, sha256: record.sha256))
      else { throw broken("it says something else of \(record.name) than an earlier entry") }
      if row == since.count { since.append(0) }
      guard since[row] == 0 else { continue }
      since[row] = last
      (count, bytes) = (count + 1, bytes + record.size)
    }
    guard count == entry.needed.count, bytes == entry.needed.bytes else {
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
    forEach { row, entries in
      if going.meets(entries), !kept.meets(entries), let name = objects.name(at: row) {
        found[name] = objects.size(at: row)
      }
    }
    return found
  }

  /// Takes out of a set what kept entries need.
  package func spare(_ going: inout [ObjectName: Int], for kept: EntryNumbers) {
    var names: [Int: ObjectName] = [:]
    for name in going.keys {
      if let row = objects.row(of: name.path.utf8) { names[row] = name }
    }
    guard !names.isEmpty else { return }
    forEach { row, entries in
      if let name = names[row], kept.meets(entries) { going[name] = nil }
    }
  }

  private func forEach(_ body: (_ row: Int, _ entries: Range<Int>) -> Void) {
    for span in closed { body(span.row, span.entries) }
    for row in since.indices where since[row] > 0 { body(row, since[row]..<last + 1) }
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
