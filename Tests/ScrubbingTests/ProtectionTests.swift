import Keeping
import Parity
import ProofTools
import Repository
import SecretMemory
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

  @Test("of payloads stays where every header became another, and they lie in batches of their own")
  func rewrapped() throws {
    var chance = SeededChance(for: "parity and other headers")
    let kept = try KeptStore()
    for _ in 0..<12 { try kept.night(&chance, largest: sizes.largest) }
    var few = sizes
    few.members = 10
    try kept.protect(in: few)
    func batches(ofPayloads: Bool) throws -> Set<SHA256Digest> {
      let all = try self.batches(kept)
      let names = all.map { batch in
        Set(batch.manifest.members.map { !$0.name.hasSuffix(".header") })
      }
      #expect(names.allSatisfy { $0.count == 1 })
      #expect(all.allSatisfy { $0.manifest.members.count <= few.members })
      return Set(zip(all, names).filter { $0.1 == [ofPayloads] }.map(\.0.id))
    }
    let before = (try batches(ofPayloads: true), try batches(ofPayloads: false))
    #expect(before.0.count > 1 && before.1.count > 1)
    try kept.rewrap(&chance)
    let report = try kept.protect(in: few)
    let after = (try batches(ofPayloads: true), try batches(ofPayloads: false))
    #expect(after.0 == before.0)
    #expect(after.1.isDisjoint(with: before.1) && report.made == after.1.count)
    #expect(report.objects == kept.kept.count)
    // And mends either kind.
    for isPayload in [true, false] {
      let names = kept.kept.keys.filter { ($0.packDigest != nil) == isPayload }.sorted()
      let name = try #require(names.randomElement(using: &chance))
      try kept.damage(name, &chance)
      #expect(try kept.scrub(.mend(percent: 5)).mended == [name.path])
    }
    #expect(try kept.isWhole())
  }

  @Test("of batches that mix both kinds stays while they are full and current")
  func mixed() throws {
    var chance = SeededChance(for: "mixed batches")
    let kept = try KeptStore()
    for _ in 0..<12 { try kept.night(&chance, largest: sizes.largest) }
    var (members, bytes) = ([ObjectRecord](), 0)
    // A header and a payload come first, so that it holds both whatever their sizes are.
    let names = kept.kept.sorted { $0.key < $1.key }
    let header = try #require(names.first { $0.key.headedPack != nil })
    let payload = try #require(names.first { $0.key.packDigest != nil })
    let rest = names.filter { $0.key != header.key && $0.key != payload.key }
    for (name, content) in [header, payload] + rest where bytes < sizes.full || members.count < 2 {
      let digest = SHA256Hasher.digest(of: content)
      members.append(ObjectRecord(name: name, size: content.count, sha256: digest))
      bytes += content.count
    }
    let format = try StoreFormat.load(from: kept.store)
    let old = try BatchEncoder(kept.store, storeID: format.store) { _ in }
      .encode(members, percent: 5)
    #expect(bytes >= sizes.full && Set(members.map { $0.name.hasSuffix(".header") }).count == 2)
    let report = try kept.protect(in: sizes)
    #expect(report.objects == kept.kept.count && report.made == report.batches - 1)
    #expect(try batches(kept).contains { $0.id == old.id })
    #expect(try kept.protect(in: sizes).made == 0)
    try kept.rewrap(&chance)
    try kept.protect(in: sizes)
    #expect(try !batches(kept).contains { $0.id == old.id })
  }

  @Test("is made anew where there is to be more of it, and left where there is more")
  func percent() throws {
    var chance = SeededChance(for: "more parity")
    let kept = try KeptStore()
    for _ in 0..<12 { try kept.night(&chance, largest: sizes.largest) }
    let few = try kept.protect(in: sizes)
    let many = try kept.protect(in: sizes, percent: 80)
    // A small last batch may have so much already.
    #expect(many.made >= many.batches - 1 && many.parityBytes > few.parityBytes)
    let again = try kept.protect(in: sizes)
    #expect(again.made == 0 && again.parityBytes == many.parityBytes)
    #expect(try kept.isWhole())
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
