package import Keeping
package import Repository
package import Vocabulary

/// How well a store is checked and protected, by what the keeper remembers and what the manifests of parity say.
///
/// No object is looked at.
package struct StoreCondition: Sendable {
  /// What checks found, of the objects that kept snapshots need and of their parity.
  package struct Checks: Sendable {
    /// How many objects there are to check.
    package let objects: Int
    /// How many of them were never checked.
    package let unchecked: Int
    /// The oldest last check of one that was; nil where none was.
    package let oldest: Timestamp?
    /// Objects that were hurt when they were checked last, and were not mended since; by name.
    package let bad: [String]
  }

  /// What is protected, of the objects that kept snapshots need.
  package struct Parity: Sendable {
    package let batches: Int
    /// Bytes of all parity.
    package let bytes: Int
    package let protected: Int
    package let unprotected: Int
  }

  package let checks: Checks
  package let parity: Parity

  /// Reads what is remembered and the manifests of parity.
  ///
  /// - Parameters:
  ///   - store: the store.
  ///   - keeper: the keeper's folder.
  ///   - holdings: what the store must hold.
  /// - Throws: `keeper.unusable`, and what the store fails with.
  package init(of store: any BlobStore, _ keeper: KeeperFolder, _ holdings: StoreHoldings) throws {
    let book = try ParityBook(in: store, holdings)
    let list = CheckList(holdings, book.objects)
    let memory = try CheckMemory(CheckDates(in: keeper), of: list)
    checks = Checks(
      objects: list.items.count, unchecked: memory.unchecked, oldest: memory.oldestKnown,
      bad: memory.hurt.map(list.text(of:)).sorted())
    let kept = list.items.filter { !list.isParity($0) }
    let protected = kept.count { book.cover(of: $0) != nil }
    parity = Parity(
      batches: book.batches.count, bytes: book.parityBytes, protected: protected,
      unprotected: kept.count - protected)
  }
}
