import Keeping
import Repository

/// Objects in a store that no kept snapshot needs: a night under way, what a killed one left, or what
/// somebody put there.
enum UnreferencedObjects {
  /// Lists them, a folder at a time, and parity whose manifest is lost; none while a ledger does not hold, for
  /// nobody can tell then.
  ///
  /// - Returns: their names, sorted.
  /// - Throws: what the store fails with.
  static func all(
    in store: any BlobStore, _ holdings: StoreHoldings, _ parity: ParityBook
  ) throws -> [String] {
    guard holdings.problems.isEmpty else { return [] }
    let folders = try store.list("packs").map { "packs/\($0)" } + ["indexes", "manifests"]
    let unneeded = try folders.flatMap { folder in
      try store.list(folder).map { "\(folder)/\($0)" }.filter { !holdings.keep($0) }
    }
    return (unneeded + parity.strays.map(\.path)).sorted()
  }
}
