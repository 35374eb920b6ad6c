import Vocabulary

/// Which batches stay, and which objects are to be put together in new ones.
struct ParityPlan {
  /// Batches that stay as they are, by their place in the book.
  private(set) var kept: [Int] = []
  /// What new batches are to hold.
  private(set) var groups: [[CheckList.Item]] = []
  /// Objects that get no parity.
  private(set) var tooLarge: [CheckList.Item] = []

  /// Plans for a list of objects.
  ///
  /// A batch that is full stays. What is in others, and what is new, is put together in the order of the
  /// ledgers; where that gives a batch that is there, it stays, too.
  init(
    _ list: CheckList, _ book: ParityBook, _ sizes: Protection.Sizes,
    remaking lost: Set<SHA256Digest>
  ) {
    func stays(_ batch: Int) -> Bool {
      let entry = book.batches[batch]
      return entry.isCurrent && !lost.contains(entry.id)
    }
    var full: Set<Int> = []
    var group: [CheckList.Item] = []
    var bytes = 0
    var all: [[CheckList.Item]] = []
    for item in list.items {
      if let batch = book.cover(of: item), stays(batch), book.batches[batch].bytes >= sizes.full {
        full.insert(batch)
        continue
      }
      guard list.size(of: item) <= sizes.largest else {
        tooLarge.append(item)
        continue
      }
      if bytes + list.size(of: item) > sizes.batch, !group.isEmpty {
        all.append(group)
        (group, bytes) = ([], 0)
      }
      group.append(item)
      bytes += list.size(of: item)
    }
    if !group.isEmpty { all.append(group) }
    kept = full.sorted()
    for group in all {
      let batches = Set(group.map { book.cover(of: $0) })
      if batches.count == 1, case let batch?? = batches.first, stays(batch),
        book.batches[batch].members == group.count
      {
        kept.append(batch)
      } else {
        groups.append(group)
      }
    }
  }
}
