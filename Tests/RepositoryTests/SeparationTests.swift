import AgeFormat
import ProofTools
import SecretMemory
import Testing
import Vocabulary

@testable import Repository

@Suite("Compartments and who opens them")
struct SeparationTests {
  @Test("two compartments with the same content share no chunk id, key or pack")
  func nothingShared() throws {
    var chance = SeededChance(for: "separation")
    let bytes = chance.bytes(300_000)
    let host = try SmallHost()
    let (core, bridge) = (try SmallCompartment("core"), try SmallCompartment("bridge"))
    let (one, other) = (try host.save(bytes, in: core), try host.save(bytes, in: bridge))
    try host.publish([(core, [one]), (bridge, [other])])
    #expect(one.content.reference != other.content.reference)
    #expect(one.content.sha256 == other.content.sha256)
    #expect(one.stored.packs.isDisjoint(with: other.stored.packs))
    #expect(other.totals.newBytes >= bytes.count)

    let objects = try host.objects()
    func packs(_ compartment: SmallCompartment) throws -> [PackDescription] {
      try objects.needed.objects.keys.filter { $0.index?.compartment == compartment.name }.flatMap {
        try IndexFile.decode(objects.open($0, with: [compartment.indexIdentity]))
      }
    }
    func ids(_ packs: [PackDescription]) -> Set<ChunkID> {
      Set(packs.flatMap { $0.frames.flatMap { $0.chunks.map(\.id) } })
    }
    let (mine, theirs) = (try packs(core), try packs(bridge))
    #expect(!mine.isEmpty && !theirs.isEmpty)
    #expect(Set(mine.map(\.name)).isDisjoint(with: theirs.map(\.name)))
    #expect(ids(mine).isDisjoint(with: ids(theirs)))
    #expect(
      try host.reader(core).manifest.chunkIDKey != host.reader(bridge).manifest.chunkIDKey)
  }

  @Test("an officer opens nothing of another compartment, and the host's identity only its index")
  func whoOpens() throws {
    let host = try SmallHost()
    let (core, bridge) = (try SmallCompartment("core"), try SmallCompartment("bridge"))
    try host.publish([
      (core, [host.save([1, 2, 3], in: core)]), (bridge, [host.save([4, 5], in: bridge)]),
    ])
    let objects = try host.objects()
    for name in objects.needed.objects.keys where !name.path.hasPrefix("packs/") {
      let isCore = name.path.contains(".core.")
      let (owner, stranger) = isCore ? (core, bridge) : (bridge, core)
      let isIndex = name.index != nil
      _ = try objects.open(name, with: [owner.officer])
      #expect(throws: AgeError.noIdentityMatches) {
        _ = try objects.open(name, with: [stranger.officer, stranger.indexIdentity])
      }
      let opens = (try? objects.open(name, with: [owner.indexIdentity])) != nil
      #expect(opens == isIndex, "\(name)")
    }
    for name in objects.needed.objects.keys where name.path.hasSuffix(".header") {
      let header = try AgeHeader(parsing: objects.store.read(name))
      let officers = [core, bridge].filter {
        (try? header.fileKey(for: [$0.officer])) != nil
      }
      #expect(officers.count == 1 && header.stanzas.count == 1)
      for compartment in [core, bridge] {
        #expect(throws: AgeError.noIdentityMatches) {
          _ = try header.fileKey(for: [compartment.indexIdentity])
        }
      }
    }
    #expect(throws: AgeError.noIdentityMatches) { _ = try host.reader(core, with: bridge.officer) }
  }
}
