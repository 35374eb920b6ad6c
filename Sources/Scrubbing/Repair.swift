import Keeping
import Parity
import Repository
import Vocabulary

/// Mends hurt objects from the parity of their batches.
struct Repair {
  /// What became of a hurt object; nil where it is whole again.
  typealias Outcome = (item: CheckList.Item, problem: OperatorError?)

  private let store: any BlobStore
  private let list: CheckList
  private let book: ParityBook
  private let interruption: Interruption

  init(_ store: any BlobStore, _ list: CheckList, _ book: ParityBook, interruption: Interruption) {
    (self.store, self.list, self.book, self.interruption) = (store, list, book, interruption)
  }

  /// Mends what can be mended of some objects, batch by batch.
  ///
  /// - Parameters:
  ///   - items: objects that are hurt, no parity among them.
  ///   - tell: hears of each what became of it, as soon as that is known.
  /// - Throws: `interrupted`, and what the store fails with.
  func run(_ items: [CheckList.Item], _ tell: (Outcome) throws -> Void) throws {
    let byBatch = Dictionary(grouping: items) { book.cover(of: $0) }
    for item in byBatch[nil] ?? [] { try tell((item, unprotected(item))) }
    for case (let place?, let items) in byBatch.sorted(by: { ($0.key ?? 0) < ($1.key ?? 0) }) {
      let id = book.batches[place].id
      guard let batch = ParityBatch.load(id, from: store),
        var rebuild = BatchRebuild(batch, in: store)
      else {
        for item in items { try tell((item, unprotected(item))) }
        continue
      }
      for item in items.sorted() {
        try interruption.check()
        try tell((item, try mend(item, &rebuild)))
      }
    }
  }

  private func mend(_ item: CheckList.Item, _ rebuild: inout BatchRebuild) throws -> OperatorError?
  {
    do {
      try rebuild.mend(list.name(of: item), list.facts(of: item))
    } catch let error as OperatorError where error.status == .mismatch {
      return error
    } catch let error as OperatorError where error.code == "store.failed" {
      return OperatorError("object.unreadable", .mismatch, error.message, hint: error.hint)
    }
    // What counts is what lies in the store now.
    return try list.problem(of: item, in: store)
  }

  private func unprotected(_ item: CheckList.Item) -> OperatorError {
    OperatorError(
      "parity.none", .mismatch, "\(list.text(of: item)) cannot be mended: it has no parity",
      hint:
        "fetch it from another copy of the store; 'coffer-store protect' makes parity of what is whole"
    )
  }
}
