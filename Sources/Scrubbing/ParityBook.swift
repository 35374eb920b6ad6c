import Keeping
import Parity
import Repository
import Vocabulary

/// The batches that have parity in a store, and which of the kept objects they protect.
struct ParityBook {
  /// What is remembered of a batch.
  struct Entry {
    let id: SHA256Digest
    /// How many members it has, and how many bytes these.
    let members: Int
    let bytes: Int
    /// Whether all members are kept, and are what their ledgers say.
    let isCurrent: Bool
    /// How much parity it has, in percent of its data shards, rounded down.
    let percent: Int
    /// Its parity.
    let objects: [ObjectName]
  }

  /// No batch.
  private static let none = UInt32.max

  private(set) var batches: [Entry] = []
  /// Every object that is parity.
  private(set) var objects = ObjectTable()
  /// Names below `parity/` that belong to no batch whose manifest can be read.
  private(set) var strays: [ObjectName] = []
  private let holdings: StoreHoldings
  private var covers: [[UInt32]]

  /// Reads what a store has.
  ///
  /// - Throws: what the store fails with; a batch whose manifest is lost is none.
  init(in store: any BlobStore, _ holdings: StoreHoldings) throws {
    self.holdings = holdings
    covers = holdings.hosts.map { Array(repeating: Self.none, count: $0.objects.count) }
    for folder in try store.list("parity") {
      let names = try store.list("parity/\(folder)").compactMap {
        ObjectName(parityText: "parity/\(folder)/\($0)")
      }
      let byBatch = Dictionary(grouping: names, by: \.parityBatch)
      for case (let id?, let names) in byBatch.sorted(by: { "\($0)" < "\($1)" }) {
        if let batch = ParityBatch.load(id, from: store) {
          take(batch)
        } else {
          strays += names
        }
      }
    }
  }

  private mutating func take(_ batch: ParityBatch) {
    var isCurrent = true
    for member in batch.manifest.members {
      let facts = NeededSet.Facts(size: member.size, sha256: member.sha256)
      var isKept = false
      for host in covers.indices {
        let holding = holdings.hosts[host]
        guard let row = holding.objects.row(of: member.name.utf8), holding.isKept(row),
          holding.objects.facts(at: row) == facts
        else { continue }
        isKept = true
        let other = covers[host][row]
        // After a crash there may be two: the one that holds more is the newer.
        if other == Self.none || batches[Int(other)].members < batch.manifest.members.count {
          covers[host][row] = UInt32(batches.count)
        }
      }
      if !isKept { isCurrent = false }
    }
    for record in batch.objects {
      _ = objects.add(record.name, .init(size: record.size, sha256: record.sha256))
    }
    batches.append(
      Entry(
        id: batch.id, members: batch.manifest.members.count, bytes: batch.bytes,
        isCurrent: isCurrent, percent: batch.percent,
        objects: batch.objects.compactMap { ObjectName(parityText: $0.name) })
    )
  }

  /// Bytes of all parity.
  var parityBytes: Int { (0..<objects.count).reduce(0) { $0 + objects.size(at: $1) } }

  /// The batch that protects a kept object, by its place among all.
  func cover(of item: CheckList.Item) -> Int? {
    let batch = covers[item.table][item.row]
    return batch == Self.none ? nil : Int(batch)
  }
}
