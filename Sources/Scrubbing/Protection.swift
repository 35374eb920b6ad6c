package import Keeping
import Parity
package import Repository
package import Vocabulary

/// Keeps parity for every object that kept snapshots need, in batches; it reads each object once.
///
/// Run it after a night, and before an object is deleted on purpose: batches are made anew without objects
/// that are no longer kept.
package struct Protection {
  /// What came out.
  package struct Report: Sendable {
    /// Objects that have parity now, and their bytes.
    package fileprivate(set) var objects = 0
    package fileprivate(set) var bytes = 0
    /// Batches, and those of them that were made in this run.
    package fileprivate(set) var batches = 0
    package fileprivate(set) var made = 0
    /// Bytes of parity.
    package fileprivate(set) var parityBytes = 0
    /// Objects that are hurt, and so got no new parity; what protected them before is kept.
    package fileprivate(set) var hurt: [Scrub.Hurt] = []
    /// Objects too large for parity that is made in bounded memory.
    package fileprivate(set) var tooLarge: [String] = []
  }

  /// How batches are made.
  package struct Sizes: Sendable {
    /// Bytes of a batch at most; parity is made in so many percent of that in memory.
    let batch: Int
    /// An object larger than that has no parity: it would have to be as large.
    let largest: Int
    /// Objects of a batch at most: headers are small, and its manifest is written anew with each night's.
    var members = 4096

    /// A batch of so many bytes is full: no object that comes next would have to fit.
    var full: Int { batch - largest }

    /// What fits into about 200 MB of memory.
    package static let usual = Sizes(batch: 1 << 30, largest: 1 << 27)
  }

  private let store: any BlobStore
  private let holdings: StoreHoldings
  private let sizes: Sizes
  private let meter: ProgressMeter
  private let interruption: Interruption

  /// Prepares to protect.
  ///
  /// - Parameters:
  ///   - store: the store, prepared for writing.
  ///   - holdings: what it must hold.
  ///   - sizes: how batches are made.
  ///   - meter: what progress is shown on.
  ///   - interruption: asks it to stop.
  package init(
    _ store: any BlobStore, _ holdings: StoreHoldings, in sizes: Sizes = .usual,
    meter: ProgressMeter, interruption: Interruption
  ) {
    (self.store, self.holdings, self.sizes) = (store, holdings, sizes)
    (self.meter, self.interruption) = (meter, interruption)
  }

  /// Makes parity where it is missing, and removes what protects nothing any more.
  ///
  /// New parity is durable before old parity goes.
  ///
  /// - Parameters:
  ///   - percent: how much parity there is to be at least.
  ///   - lost: batches whose parity is damaged, to be made again.
  ///   - rate: how fast to read at most.
  /// - Returns: what was done.
  /// - Throws: what is wrong with a ledger, for parity of what it would ask for must not go; `interrupted`, and
  ///   what the store fails with; what was made until then is used.
  package func run(
    percent: Int, remaking lost: Set<SHA256Digest> = [], atMost rate: ByteRate
  ) throws -> Report {
    if let problem = holdings.problems.first { throw problem }
    let format = try StoreFormat.load(from: store)
    let book = try ParityBook(in: store, holdings)
    let list = CheckList(holdings, ObjectTable())
    var report = Report()
    var used: Set<SHA256Digest> = []
    let plan = ParityPlan(list, book, sizes, percent: percent, remaking: lost)
    report.tooLarge = plan.tooLarge.map(list.text(of:))
    for batch in plan.kept {
      used.insert(book.batches[batch].id)
      report.add(book.batches[batch].members, book.batches[batch].bytes)
    }
    meter.begin("parity", total: plan.groups.joined().reduce(0) { $0 + list.size(of: $1) })
    let encoder = BatchEncoder(store, storeID: format.store) { count in
      try rate.wait(for: count, interruption)
      meter.advance(bytes: count)
    }
    for group in plan.groups {
      guard let batch = try encode(group, list, encoder, percent, &report.hurt) else { continue }
      used.insert(batch.id)
      report.add(batch.manifest.members.count, batch.bytes)
      report.made += 1
    }
    // What protected an object that is hurt may still mend it.
    for hurt in report.hurt {
      for item in list.items where list.text(of: item) == hurt.object {
        if let batch = book.cover(of: item) { used.insert(book.batches[batch].id) }
      }
    }
    try remove(book, but: used)
    report.parityBytes = try ParityBook(in: store, holdings).parityBytes
    return report
  }

  private func encode(
    _ group: [CheckList.Item], _ list: CheckList, _ encoder: BatchEncoder, _ percent: Int,
    _ hurt: inout [Scrub.Hurt]
  ) throws -> ParityBatch? {
    var group = group
    while !group.isEmpty {
      let members = group.map { item in
        let facts = list.facts(of: item)
        return ObjectRecord(name: list.name(of: item), size: facts.size, sha256: facts.sha256)
      }
      do {
        return try encoder.encode(members, percent: percent)
      } catch let member as HurtMember {
        hurt.append(.init(object: members[member.place].name, problem: member.problem))
        group.remove(at: member.place)
      }
    }
    return nil
  }

  private func remove(_ book: ParityBook, but used: Set<SHA256Digest>) throws {
    for batch in book.batches where !used.contains(batch.id) {
      // The manifests first: shards without one are nothing.
      for name in batch.objects { try store.remove(name) }
    }
    for name in book.strays where !(name.parityBatch.map(used.contains) ?? false) {
      try store.remove(name)
    }
  }
}

extension Protection.Report {
  fileprivate mutating func add(_ members: Int, _ size: Int) {
    batches += 1
    objects += members
    bytes += size
  }
}
