import ProofTools
import SecretMemory
import Testing
import Vocabulary

@testable import Repository

@Suite("Content in a store")
struct StoredContentTests {
  private func words(_ count: Int, _ chance: inout SeededChance) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(count + 64)
    while text.count < count {
      text += Array("@user\(chance.next() % 5000):example.org\t\(chance.next() % 100_000)\t".utf8)
    }
    return Array(text.prefix(count))
  }

  private func depth(_ content: Content) -> Int? {
    guard case .tree(let depth, _) = content.reference else { return nil }
    return depth
  }

  @Test("what was saved is read back: no bytes, one, and sizes around every limit of a chunk")
  func edges() throws {
    var chance = SeededChance(for: "content, edges")
    let host = try SmallHost()
    let compartment = try SmallCompartment("core")
    let limits = [2048, 8192, 65_536, 131_072, 262_144, 1 << 20]
    let sizes = [0, 1] + limits.flatMap { [$0 - 1, $0, $0 + 1] }
    let contents = sizes.map { chance.bytes($0) }
    let fine = try contents.map { try host.save($0, .fine, in: compartment) }
    let coarse = try contents.map { try host.save($0, .coarse, in: compartment) }
    try host.publish([(compartment, fine + coarse)])
    let reader = try host.reader(compartment)
    for (index, bytes) in contents.enumerated() {
      for saved in [fine[index], coarse[index]] {
        #expect(saved.content.size == bytes.count)
        #expect(saved.content.sha256 == SHA256Hasher.digest(of: bytes))
        let isSame = try reader.bytes(of: saved.content) == bytes
        #expect(isSame, "\(bytes.count) bytes")
      }
      #expect((fine[index].content.reference == .empty) == bytes.isEmpty)
    }
  }

  @Test("content of any size, in pieces of any size, is read back")
  func anySize() throws {
    var chance = SeededChance(for: "content, any size")
    let host = try SmallHost()
    let compartment = try SmallCompartment("core")
    var saved: [(SmallHost.Saved, [UInt8])] = []
    for _ in 0..<12 {
      let count = Int.random(in: 0...600_000, using: &chance)
      let bytes =
        switch Int.random(in: 0..<3, using: &chance) {
        case 0: chance.bytes(count)
        case 1: words(count, &chance)
        default: [UInt8](repeating: UInt8.random(in: 0...255, using: &chance), count: count)
        }
      let sizes = Bool.random(using: &chance) ? ChunkSizes.fine : .coarse
      saved.append((try host.save(bytes, sizes, in: compartment), bytes))
    }
    try host.publish([(compartment, saved.map(\.0))])
    let reader = try host.reader(compartment)
    for (saved, bytes) in saved {
      let isSame = try reader.bytes(of: saved.content) == bytes
      #expect(isSame, "\(bytes.count) bytes")
    }
  }

  @Test("5 MiB of random bytes and 5 MiB of text are read back, and text takes less room")
  func large() throws {
    var chance = SeededChance(for: "content, large")
    let host = try SmallHost()
    let compartment = try SmallCompartment("core")
    let (random, text) = (chance.bytes(5 << 20), words(5 << 20, &chance))
    let saved = try [random, text].map { try host.save($0, in: compartment) }
    try host.publish([(compartment, saved)])
    #expect(saved[0].totals.storedBytes < random.count + random.count / 8)
    #expect(saved[1].totals.storedBytes < text.count / 2)
    let reader = try host.reader(compartment)
    for (saved, bytes) in zip(saved, [random, text]) {
      let isSame = try reader.bytes(of: saved.content) == bytes
      #expect(isSame)
    }
  }

  @Test("many chunks make a tree of several levels, and one chunk makes none")
  func depths() throws {
    var chance = SeededChance(for: "content, depths")
    let host = try SmallHost()
    let compartment = try SmallCompartment("core")
    #expect(try depth(host.save(chance.bytes(1000), in: compartment).content) == 0)
    #expect(try depth(host.save(chance.bytes(70_000), in: compartment).content) == 1)
    let bytes = chance.bytes(3 << 20)
    let saved = try host.save(bytes, in: compartment)
    #expect(try #require(depth(saved.content)) >= 2)
    // Lists of zeros' ids are all alike, and found to be so.
    let zeros = [UInt8](repeating: 0, count: 8 << 20)
    let same = try host.save(zeros, in: compartment)
    #expect(try #require(depth(same.content)) >= 1)
    #expect(same.totals.newBytes < 300_000)
    try host.publish([(compartment, [saved, same])])
    let isSame = try host.reader(compartment).bytes(of: saved.content) == bytes
    let isZero = try host.reader(compartment).bytes(of: same.content) == zeros
    #expect(isSame && isZero)
  }

  @Test("a chunk is stored once, whichever night it comes and however often")
  func once() throws {
    var chance = SeededChance(for: "content, once")
    let host = try SmallHost()
    let compartment = try SmallCompartment("core")
    let bytes = chance.bytes(1 << 20)
    let first = try host.save(bytes, in: compartment)
    #expect(first.totals.newBytes >= bytes.count)
    try host.publish([(compartment, [first])])

    let again = try host.save(bytes, in: compartment)
    #expect(again.totals.newChunks == 0 && again.totals.storedBytes == 0)
    #expect(again.content == first.content && again.stored.packs == first.stored.packs)

    var changed = bytes
    changed.replaceSubrange(500_000..<500_010, with: chance.bytes(20))
    let next = try host.save(changed, in: compartment)
    #expect((1..<250_000).contains(next.totals.newBytes))
    #expect(next.stored.packs.isSuperset(of: first.stored.packs))
    let doubled = try host.save(changed + changed, in: compartment)
    #expect(doubled.totals.newBytes < 250_000)

    try host.publish([(compartment, [next, doubled])])
    let reader = try host.reader(compartment)
    let isSame = try reader.bytes(of: next.content) == changed
    let isDouble = try reader.bytes(of: doubled.content) == changed + changed
    #expect(isSame && isDouble)
    let indexes = try host.objects().needed.objects.keys.filter { $0.index != nil }
    let ids = try indexes.flatMap { name in
      try IndexFile.decode(host.objects().open(name, with: [compartment.indexIdentity]))
        .flatMap { $0.frames.flatMap { $0.chunks.map(\.id) } }
    }
    #expect(Set(ids).count == ids.count)
  }

  @Test("a chunk that fails its key's hash is noticed although nothing else is wrong")
  func otherKey() throws {
    let host = try SmallHost()
    let (core, bridge) = (try SmallCompartment("core"), try SmallCompartment("bridge"))
    let saved = try host.save([1, 2, 3], in: core)
    let other = try host.save([4, 5, 6], in: bridge)
    try host.publish([(core, [saved]), (bridge, [other])])
    let error = refusal { _ = try host.reader(core).bytes(of: other.content) }
    #expect(error?.code == "chunk.missing" && error?.status == .mismatch)
    let wrong = Content(reference: saved.content.reference, size: 4, sha256: saved.content.sha256)
    #expect(refusal { _ = try host.reader(core).bytes(of: wrong) }?.code == "content.mismatch")
    let digest = Content(reference: saved.content.reference, size: 3, sha256: other.content.sha256)
    #expect(refusal { _ = try host.reader(core).bytes(of: digest) }?.code == "content.mismatch")
  }
}
