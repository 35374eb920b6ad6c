import Keeping
import Repository

/// What there is to check: the objects that kept snapshots need, and the parity that protects them.
struct CheckList: Sendable {
  /// An object: a table, and a row of it.
  struct Item: Hashable, Comparable {
    let table: Int
    let row: Int

    static func < (left: Self, right: Self) -> Bool {
      (left.table, left.row) < (right.table, right.row)
    }
  }

  /// A table a host, in the order of the holdings, and last the parity's.
  let tables: [ObjectTable]
  /// Every object, in the order of tables and rows.
  let items: [Item]
  private let hosts: Int

  /// Lists what holdings keep, and parity.
  init(_ holdings: StoreHoldings, _ parity: ObjectTable) {
    hosts = holdings.hosts.count
    tables = holdings.hosts.map(\.objects) + [parity]
    let kept = holdings.hosts.enumerated().flatMap { table, holding in
      holding.keptRows.map { Item(table: table, row: $0) }
    }
    items = kept + (0..<parity.count).map { [hosts] in Item(table: hosts, row: $0) }
  }

  /// Whether an object is parity, which no host signed for.
  func isParity(_ item: Item) -> Bool { item.table == hosts }

  /// What an object is called.
  func text(of item: Item) -> String { tables[item.table].text(at: item.row) }

  /// The name of an object.
  func name(of item: Item) -> ObjectName {
    guard let name = tables[item.table].name(at: item.row) else {
      preconditionFailure("names were checked when they were read")
    }
    return name
  }

  /// Whether an object is the payload of a pack, which never changes.
  func isPayload(_ item: Item) -> Bool { name(of: item).packDigest != nil }

  /// Size and SHA-256 of an object.
  func facts(of item: Item) -> NeededSet.Facts { tables[item.table].facts(at: item.row) }

  /// The length of an object in bytes.
  func size(of item: Item) -> Int { tables[item.table].size(at: item.row) }
}
