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
  /// A batch that is full stays, unless it has less parity than there is to be. What is in others, and
  /// what is new, is put together in the order of the ledgers, payloads of packs apart from all else: an
  /// officer who rewraps changes all that, and their parity stays. Where that gives a batch that is there,
  /// it stays, too.
  init(
    _ list: CheckList, _ book: ParityBook, _ sizes: Protection.Sizes,
    percent: Int, remaking lost: Set<SHA256Digest>
  ) {
    func stays(_ batch: Int) -> Bool {
      let entry = book.batches[batch]
      return entry.isCurrent && entry.percent >= percent && !lost.contains(entry.id)
    }
    var full: Set<Int> = []
    var (payloads, others) = ([CheckList.Item](), [CheckList.Item]())
    for item in list.items {
      if let batch = book.cover(of: item), stays(batch), sizes.isFull(book.batches[batch]) {
        full.insert(batch)
        continue
      }
      guard list.size(of: item) <= sizes.largest else {
        tooLarge.append(item)
        continue
      }
      if list.isPayload(item) { payloads.append(item) } else { others.append(item) }
    }
    kept = full.sorted()
    for group in Self.groups(payloads, list, sizes) + Self.groups(others, list, sizes) {
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

  /// Cuts a list where a batch is full.
  private static func groups(
    _ items: [CheckList.Item], _ list: CheckList, _ sizes: Protection.Sizes
  ) -> [[CheckList.Item]] {
    var all: [[CheckList.Item]] = []
    var group: [CheckList.Item] = []
    var bytes = 0
    for item in items {
      let size = list.size(of: item)
      if bytes + size > sizes.batch || group.count == sizes.members, !group.isEmpty {
        all.append(group)
        (group, bytes) = ([], 0)
      }
      group.append(item)
      bytes += size
    }
    return group.isEmpty ? all : all + [group]
  }
}

extension Protection.Sizes {
  /// Whether a batch takes no object more.
  fileprivate func isFull(_ batch: ParityBook.Entry) -> Bool {
    batch.bytes >= full || batch.members >= members
  }
}
