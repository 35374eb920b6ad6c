import Keeping
import ProofTools
import Retention
import Signatures
import Testing
import Vocabulary

@testable import Repository

/// A store, two hosts and a keeper, to whom things happen by chance.
struct StoreLife {
  private let kept: KeptStore
  private let hosts: [ForgedHost]
  private var gone: Set<SnapshotPlace> = []
  private var marked: [SnapshotPlace: Timestamp] = [:]
  private let grace = TimeSpan.days(2)
  private(set) var removals = 0

  init(_ chance: inout SeededChance) throws {
    kept = try KeptStore()
    hosts = try [kept.host(), kept.host()]
    // Some stores are old when their keeper comes.
    for _ in 0..<Int.random(in: 0..<20, using: &chance) { try night(&chance) }
  }

  mutating func step(_ chance: inout SeededChance) throws {
    switch Int.random(in: 0..<20, using: &chance) {
    case 0..<8:
      kept.wait(TimeSpan(seconds: Int.random(in: 3_600..<100_000, using: &chance)))
      try night(&chance)
    case 8: for _ in 0..<Int.random(in: 0..<6, using: &chance) { try night(&chance) }
    case 9: kept.wait(.days(Int.random(in: -3..<12, using: &chance)))
    case 10..<12: try look(&chance)
    case 12: try hold(&chance)
    default: try retain(&chance)
    }
  }

  /// Ends what crashes left, under a policy that keeps all.
  mutating func settle() throws {
    kept.store.die(after: nil)
    try kept.apply(policy(within: .days(10_000)), grace: grace, despite: Set(Brake.Code.allCases))
    takeOver(try kept.record().ledger.book)
    #expect(try kept.record().ledger.book.removing.isEmpty)
    // What no snapshot needs is not there any more.
    for (place, needs) in hosts.flatMap(\.nights) where gone.contains(place) {
      for name in needs.objects.keys where !isNeeded(name) {
        #expect(try kept.store.size(of: name) == nil, "\(name) of \(place) is left")
      }
    }
  }

  /// Whatever is not gone on purpose is whole.
  func check() {
    for host in hosts {
      for (place, _) in host.nights where !gone.contains(place) {
        #expect(host.damage(of: place).isEmpty, "\(place) is lost")
      }
    }
  }

  private func isNeeded(_ name: ObjectName) -> Bool {
    hosts.contains { host in
      host.needed.objects[name] != nil
        || host.nights.contains { !gone.contains($0.place) && $0.needs.objects[name] != nil }
    }
  }

  private func night(_ chance: inout SeededChance) throws {
    let host = hosts[Int.random(in: 0..<2, using: &chance)]
    let states: [SourceSummary.State] = [
      .saved, .saved, .saved, .saved, .partly, .failed, .skipped,
    ]
    let sources = ["a", "b"].map {
      source(
        $0, states.randomElement(using: &chance) ?? .saved,
        bytes: Int.random(in: 10..<2_000, using: &chance))
    }
    guard sources.contains(where: \.isThere) else { return }
    var added = try (0..<Int.random(in: 1..<4, using: &chance)).map { _ in
      try host.putPack(&chance)
    }
    let dropped = host.needed.objects.keys.sorted()
      .filter { _ in Int.random(in: 0..<3, using: &chance) == 0 }
    // It may name what another host stored.
    let others = hosts.first { $0.id != host.id }?.needed.objects.sorted { $0.key < $1.key } ?? []
    if Bool.random(using: &chance), let (name, facts) = others.randomElement(using: &chance) {
      added.append(ObjectRecord(name: name, size: facts.size, sha256: facts.sha256))
    }
    // What it claims has nothing to do with when it ran.
    let claimed = Timestamp(secondsSince1970: Int.random(in: 0..<4_000_000_000, using: &chance))
    try host.night(sources, added: added, dropping: dropped, claiming: claimed)
  }

  /// Runs something that may die at any change to the store.
  private func mortal(_ chance: inout SeededChance, _ body: () throws -> Void) throws {
    let dies = Int.random(in: 0..<3, using: &chance) == 0
    kept.store.die(after: dies ? Int.random(in: 0..<14, using: &chance) : nil)
    defer { kept.store.die(after: nil) }
    do { try body() } catch is CrashingStore.Death {}
  }

  private mutating func look(_ chance: inout SeededChance) throws {
    try mortal(&chance) { try kept.look() }
  }

  private mutating func hold(_ chance: inout SeededChance) throws {
    guard let place = hosts.flatMap(\.nights).map(\.place).randomElement(using: &chance) else {
      return
    }
    let isHeld = try kept.record().ledger.book.holds[place.snapshot] != nil
    try mortal(&chance) {
      var record = try kept.record()
      try record.write(
        isHeld ? .released(place.snapshot) : .held(place.snapshot, reason: "a lawsuit"))
    }
    takeOver(try kept.record().ledger.book)
  }

  private mutating func retain(_ chance: inout SeededChance) throws {
    func some(_ chance: inout SeededChance) -> Int {
      Bool.random(using: &chance) ? 0 : Int.random(in: 1..<6, using: &chance)
    }
    let policy = try policy(
      last: 1 + some(&chance), daily: some(&chance), weekly: some(&chance), monthly: some(&chance),
      yearly: some(&chance), within: Bool.random(using: &chance) ? .days(some(&chance)) : nil)
    let before = try kept.look()
    let despite: Set<Brake.Code> = Bool.random(using: &chance) ? Set(Brake.Code.allCases) : []
    let plan = try kept.run.plan(policy, before, despite: despite)
    let models = model(policy, before)
    for verdict in plan.verdicts {
      let place = verdict.snapshot.place
      let keeps = models[place.host]?.keeps(place) ?? true
      #expect(
        verdict.reasons.isEmpty == !keeps, "\(place): \(verdict.reasons) under \(policy)")
    }
    try mortal(&chance) { try kept.apply(policy, grace: grace, despite: despite) }
    let after = try kept.record().ledger.book
    for place in after.gone.keys where !gone.contains(place) {
      removals += 1
      #expect(models[place.host]?.keeps(place) == false, "\(place) went though it was kept")
      let mark = marked[place]
      #expect(mark.map { $0 + grace <= before.now } == true, "\(place) went without its grace")
    }
    takeOver(after)
  }

  private mutating func takeOver(_ book: KeeperBook) {
    gone.formUnion(book.gone.keys)
    for place in book.condemned.keys where marked[place] == nil {
      marked[place] = book.time
    }
    marked = marked.filter { book.condemned[$0.key] != nil }
  }

  private func model(_ policy: RetentionPolicy, _ record: KeeperRecord) -> [String: PolicyModel] {
    let book = record.ledger.book
    var models: [String: PolicyModel] = [:]
    for host in hosts {
      let receipts = book.receipts[host.id.description] ?? [:]
      let there = host.nights.compactMap { night -> PolicyModel.Snapshot? in
        guard let receipt = receipts[night.place.sequence], book.gone[night.place] == nil else {
          return nil
        }
        return PolicyModel.Snapshot(
          place: night.place, received: receipt.time.secondsSince1970,
          reckoned: reckoned(night.place, host, book), sources: host.said(at: night.place))
      }
      models[host.id.description] = PolicyModel(
        policy: policy, now: record.now.secondsSince1970, snapshots: there,
        held: Set(book.holds.keys), head: host.nights.last?.place)
    }
    return models
  }

  /// The place of a snapshot in the time since the look before, by the model's own count.
  private func reckoned(_ place: SnapshotPlace, _ host: ForgedHost, _ book: KeeperBook) -> Int {
    let receipts = book.receipts[host.id.description] ?? [:]
    guard let own = receipts[place.sequence] else { return 0 }
    let together = receipts.filter { $0.value.entry == own.entry }.keys.sorted()
    let isFirst = receipts.keys.min() == together.first
    let look = own.time.secondsSince1970
    let earlier = book.looks.map(\.secondsSince1970).filter { $0 < look }.max()
    let start = isFirst ? look - together.count * 86_400 : earlier ?? look
    let number = (together.firstIndex(of: place.sequence) ?? 0) + 1
    return start + (look - start) * number / together.count
  }
}
