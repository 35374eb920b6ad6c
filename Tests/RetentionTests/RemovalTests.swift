import Keeping
import ProofTools
import Retention
import Stores
import Testing
import Vocabulary

@testable import Repository

/// How snapshots go: marked, held back, and removed with what only they need.
@Suite struct RemovalTests {
  private func aged(_ kept: KeptStore, _ chance: inout SeededChance) throws -> ForgedHost {
    let host = try kept.host()
    let shared = try host.putPack(&chance)
    for night in 0..<12 {
      kept.wait(.days(1))
      try host.night(
        [source("a")], added: [host.putPack(&chance)] + (night == 0 ? [shared] : []))
      try kept.look()
    }
    return host
  }

  @Test func aSnapshotIsMarkedFirstAndGoesOnlyAfterItsGrace() throws {
    var chance = SeededChance(seed: 1)
    let kept = try KeptStore()
    let host = try aged(kept, &chance)
    #expect(try kept.apply(policy(last: 1)) == nil)
    let marked = try kept.record().ledger.book.condemned.keys.sorted()
    #expect(!marked.isEmpty)
    kept.wait(.days(2))
    #expect(try kept.apply(policy(last: 1)) == nil)
    kept.wait(.days(1))
    let removal = try #require(try kept.apply(policy(last: 1)))
    #expect(removal.snapshots == marked)
    // Objects of later nights are needed still: a night drops none here.
    #expect(removal.objects == 0 && host.nights.allSatisfy { host.damage(of: $0.place).isEmpty })
  }

  @Test func whatOnlyGoneSnapshotsNeedGoesAndItsSpaceIsTold() throws {
    var chance = SeededChance(seed: 1)
    let kept = try KeptStore()
    let host = try aged(kept, &chance)
    let first = try #require(host.nights.first)
    let names = Array(first.needs.objects.keys)
    kept.wait(.days(1))
    try host.night([source("a")], added: [], dropping: [names[0]])
    for _ in 0..<3 {
      kept.wait(.days(1))
      try host.night([source("a")], added: [host.putPack(&chance)])
      try kept.look()
    }
    // All entries up to the drop need it: it goes with the last of them.
    var freed = (objects: 0, bytes: 0)
    for _ in 0..<10 {
      kept.wait(.days(4))
      try host.night([source("a")], added: [host.putPack(&chance)])
      if let removal = try kept.apply(policy(last: 1)) {
        freed = (freed.objects + removal.objects, freed.bytes + removal.bytes)
      }
    }
    #expect(freed == (1, 24))
    #expect(try kept.store.size(of: names[0]) == nil)
    #expect(try kept.store.size(of: names[1]) == 24)
  }

  @Test func aHeldSnapshotStaysAndAReleasedOneGoes() throws {
    var chance = SeededChance(seed: 1)
    let kept = try KeptStore()
    let host = try aged(kept, &chance)
    try kept.apply(policy(last: 1))
    let place = host.nights[0].place
    var record = try kept.record()
    try record.write(.held(place.snapshot, reason: "a lawsuit"))
    kept.wait(.days(4))
    try kept.apply(policy(last: 1))
    var book = try kept.record().ledger.book
    #expect(book.gone[place] == nil && book.condemned[place] == nil && !book.gone.isEmpty)
    record = try kept.record()
    try record.write(.released(place.snapshot))
    // It begins anew: marked, then gone.
    try kept.apply(policy(last: 1))
    kept.wait(.days(3))
    try kept.apply(policy(last: 1))
    book = try kept.record().ledger.book
    #expect(book.gone[place] != nil)
  }

  @Test func whatANightUnderWayHasStoredIsLeftAlone() throws {
    var chance = SeededChance(seed: 1)
    let kept = try KeptStore()
    let host = try aged(kept, &chance)
    let pending = try host.putPack(&chance)
    let name = try #require(ObjectName(ledgerText: pending.name))
    for _ in 0..<3 {
      try kept.apply(policy(last: 1))
      kept.wait(.days(4))
    }
    #expect(try !kept.record().ledger.book.gone.isEmpty)
    let place = try host.night([source("a")], added: [pending])
    #expect(try kept.store.size(of: name) == 24 && host.damage(of: place).isEmpty)
  }

  @Test func nothingIsRemovedWhereANightEndedSinceThePlanWasMade() throws {
    var chance = SeededChance(seed: 1)
    let kept = try KeptStore()
    let host = try aged(kept, &chance)
    try kept.apply(policy(last: 1))
    kept.wait(.days(4))
    var record = try kept.look()
    let plan = try kept.run.plan(policy(last: 1), record)
    try host.night([source("a")], added: [host.putPack(&chance)])
    let problem = refusal { _ = try kept.run.remove(plan, while: [], in: &record) }
    #expect(problem?.code == "retain.ledger-grew" && record.ledger.book.gone.isEmpty)
  }

  @Test func aNightThatHoldsTheStoreKeepsTheKeeperOut() throws {
    let kept = try KeptStore()
    let path = kept.folder.path(of: "store")
    let night = try StoreRegistry.open(path, writer: "night").prepareForWriting()
    #expect(refusal { _ = try StoreRegistry.quiet(path, but: "keeper") }?.code == "run.locked")
    night.release()
    let quiet = try StoreRegistry.quiet(path, but: "keeper")
    #expect(quiet.count == 1)
    let other = refusal {
      _ = try StoreRegistry.open(path, writer: "night").prepareForWriting()
    }
    #expect(other?.code == "run.locked")
    for lease in quiet { lease.release() }
  }

  @Test func noFloorIsLowered() {
    for floors in [
      RetentionPolicy.Floors(count: 2, age: .days(7)), .init(count: 3, age: .days(6)),
    ] {
      let problem = refusal {
        _ = try RetentionPolicy(last: 1, periods: [:], within: nil, floors: floors)
      }
      #expect(problem?.code == "retain.floor")
    }
    #expect(refusal { _ = try policy() }?.code == "retain.no-rule")
  }

  @Test func aStoreOfYearsIsNotThinnedOutByItsNewKeepersFirstLook() throws {
    var chance = SeededChance(seed: 1)
    let kept = try KeptStore()
    let host = try kept.host()
    for _ in 0..<40 { try host.night([source("a")], added: [host.putPack(&chance)]) }
    try kept.look()
    // All of it came today, so nothing goes for a week; then it counts as one a day.
    #expect(try kept.plan(policy(daily: 10)).condemn.isEmpty)
    for _ in 0..<8 {
      kept.wait(.days(1))
      try host.night([source("a")], added: [host.putPack(&chance)])
      try kept.look()
    }
    let plan = try kept.plan(policy(daily: 30))
    #expect(plan.condemn.count == 18)
  }
}
