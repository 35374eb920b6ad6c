import ProofTools
import SecretMemory
import Testing

@testable import Repository

@Suite("Chunker")
struct ChunkerTests {
  private let gear = GearTable(KeyedHash(key: SecretBytes.random(count: 32)))

  /// Cuts bytes that come in pieces; a piece's size is drawn by `next`.
  private func cut(
    _ bytes: [UInt8], _ sizes: ChunkSizes = .fine, gear other: GearTable? = nil,
    pieces next: () -> Int = { 1 << 20 }
  ) throws -> [[UInt8]] {
    var chunks: [[UInt8]] = []
    var chunker = Chunker(sizes, gear: other ?? gear)
    var start = 0
    while start < bytes.count {
      let end = min(bytes.count, start + next())
      let block = bytes.withBytes { chunker.feed($0.extracting(start..<end)) }
      block?.eachChunk { chunks.append($1.copied()) }
      start = end
    }
    chunker.finish().eachChunk { chunks.append($1.copied()) }
    return chunks
  }

  @Test("chunks put together are the content, and content of no bytes has none")
  func whole() throws {
    var chance = SeededChance(for: "chunker, whole")
    let sizes = ChunkSizes.fine
    let edges = [sizes.minimum, sizes.average, sizes.maximum, 2 * sizes.maximum]
    for count in [0, 1] + edges.flatMap({ [$0 - 1, $0, $0 + 1] }) {
      let bytes = chance.bytes(count)
      let chunks = try cut(bytes)
      #expect(chunks.isEmpty == (count == 0))
      let isSame = chunks.flatMap { $0 } == bytes
      #expect(isSame, "\(count) bytes")
    }
  }

  @Test("every chunk is between least and most, but the last, which may be small")
  func limits() throws {
    var chance = SeededChance(for: "chunker, limits")
    let random = chance.bytes(1 << 20)
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    let words = (0..<100_000).flatMap { Array("row \($0 % 997), ".utf8) }
    for content in [random, zeros, words] {
      let sizes = try cut(content).map(\.count)
      #expect(sizes.dropLast().allSatisfy { (2048...65_536).contains($0) })
      #expect(try (1...65_536).contains(#require(sizes.last)))
    }
    let coarse = try cut(random + random + random, .coarse).map(\.count)
    #expect(coarse.dropLast().allSatisfy { (262_144...4_194_304).contains($0) })
  }

  @Test("chunks of random content are 8 KiB on average, within a factor of two")
  func average() throws {
    var chance = SeededChance(for: "chunker, average")
    let bytes = chance.bytes(4 << 20)
    let average = try bytes.count / cut(bytes).count
    #expect((4096...16_384).contains(average))
  }

  @Test("how the bytes come does not matter")
  func slicing() throws {
    var chance = SeededChance(for: "chunker, slicing")
    for _ in 0..<6 {
      let bytes = chance.bytes(Int.random(in: 0...400_000, using: &chance))
      let whole = try cut(bytes)
      let odd = try cut(bytes) { Int.random(in: 0...9000, using: &chance) }
      let large = try cut(bytes) { Int.random(in: 60_000...140_000, using: &chance) }
      let isSame = odd == whole && large == whole
      #expect(isSame, "\(bytes.count) bytes")
    }
    let few = chance.bytes(20_000)
    let isSame = try cut(few) { 1 } == cut(few)
    #expect(isSame)
  }

  @Test("an insertion, a deletion and a change move only the boundaries near them")
  func locality() throws {
    var chance = SeededChance(for: "chunker, locality")
    let bytes = chance.bytes(2 << 20)
    let before = try Set(cut(bytes))
    let place = Int.random(in: 0..<bytes.count - 100, using: &chance)
    var inserted = bytes
    inserted.insert(contentsOf: chance.bytes(11), at: place)
    var deleted = bytes
    deleted.removeSubrange(place..<place + 7)
    var changed = bytes
    changed[place] ^= 1
    for content in [inserted, deleted, changed] {
      let after = try Set(cut(content))
      // A handful is usual; a quarter of them would mean that boundaries do not settle again.
      #expect(after.subtracting(before).count * 4 < after.count)
    }
  }

  @Test("another key cuts elsewhere")
  func keys() throws {
    var chance = SeededChance(for: "chunker, keys")
    let bytes = chance.bytes(1 << 20)
    let other = GearTable(KeyedHash(key: SecretBytes.random(count: 32)))
    func ends(_ gear: GearTable) throws -> Set<Int> {
      var end = 0
      return try Set(
        cut(bytes, gear: gear).dropLast().map { chunk in
          end += chunk.count
          return end
        })
    }
    let (mine, theirs) = (try ends(gear), try ends(other))
    #expect(mine.intersection(theirs).count * 8 < mine.count)
  }
}
