import Keeping
import Parity
import ProofTools
import Repository
import Stores
import Testing
import Vocabulary

@testable import Scrubbing

@Suite("Parity over the life of a store")
struct ProtectionTests {
  private let sizes = Protection.Sizes(batch: 64 << 10, largest: 24 << 10)

  @Test("mends one object a round, whatever nights added and the keeper let go of on purpose")
  func life() throws {
    var chance = SeededChance(for: "parity over the life of a store")
    let kept = try KeptStore()
    for round in 0..<15 {
      try kept.night(&chance, largest: sizes.largest)
      try kept.protect(in: sizes)
      let snapshots = kept.snapshots.indices.filter { !kept.dropped.contains($0) }
      if snapshots.count > 3, Bool.random(using: &chance) {
        try kept.drop(try #require(snapshots.dropLast().randomElement(using: &chance)), in: sizes)
      }
      let name = try #require(kept.kept.keys.sorted().randomElement(using: &chance))
      try kept.damage(name, &chance)
      let report = try kept.scrub(.mend(percent: 5))
      #expect(report.mended == [name.path] && report.hurt.isEmpty, "round \(round)")
      #expect(report.unprotected == 0)
      #expect(try kept.isWhole(), "round \(round)")
    }
  }

  @Test("is of kept objects only, each in one batch, and made again only where something changed")
  func laws() throws {
    var chance = SeededChance(for: "laws of parity")
    let kept = try KeptStore()
    for _ in 0..<12 { try kept.night(&chance, largest: sizes.largest) }
    let first = try kept.protect(in: sizes)
    #expect(first.made == first.batches && first.made > 1)
    #expect(first.objects == kept.kept.count)
    #expect(try kept.protect(in: sizes).made == 0)
    try kept.drop(2, in: sizes)
    let members = try batches(kept).flatMap(\.manifest.members).map(\.name)
    #expect(Set(members).count == members.count)
    #expect(Set(members) == Set(kept.kept.keys.map(\.path)))
    try kept.night(&chance, largest: sizes.largest)
    let next = try kept.protect(in: sizes)
    #expect(next.made < next.batches, "full batches stay")
  }

  @Test("is not made of what is too large, nor of what is hurt, and says so")
  func leftOut() throws {
    var chance = SeededChance(for: "what gets no parity")
    let kept = try KeptStore()
    try kept.night(&chance, largest: 24 << 10)
    let small = Protection.Sizes(batch: 64 << 10, largest: 39)
    let report = try kept.protect(in: small)
    #expect(report.objects == 0 && report.tooLarge.count == kept.kept.count)
    let hurt = try #require(kept.kept.keys.sorted().randomElement(using: &chance))
    try kept.damage(hurt, &chance)
    let again = try kept.protect(in: sizes)
    #expect(again.hurt.map(\.object) == [hurt.path])
    #expect(again.objects == kept.kept.count - 1)
    let scrub = try kept.scrub(.mend(percent: 5))
    #expect(scrub.hurt.map(\.problem.code) == ["parity.none"])
    #expect(scrub.hurtSnapshots.map(\.objects) == [[hurt.path]])
  }

  private func batches(_ kept: KeptStore) throws -> [ParityBatch] {
    let names = try kept.store.list("parity").flatMap { folder in
      try kept.store.list("parity/\(folder)").compactMap {
        ObjectName(parityText: "parity/\(folder)/\($0)")?.parityBatch
      }
    }
    return Set(names).compactMap { ParityBatch.load($0, from: kept.store) }
  }
}
