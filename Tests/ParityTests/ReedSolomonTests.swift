import ProofTools
import SecretMemory
import Testing

@testable import Parity

@Suite("Reed-Solomon code")
struct ReedSolomonTests {
  /// The product in GF(256), by hand, with the polynomial that the format names.
  private func product(_ left: UInt8, _ right: UInt8) -> UInt8 {
    var (a, b, sum) = (Int(left), Int(right), 0)
    while b > 0 {
      if b & 1 == 1 { sum ^= a }
      a <<= 1
      if a & 0x100 != 0 { a ^= 0x11d }
      b >>= 1
    }
    return UInt8(sum)
  }

  private func inverse(_ value: UInt8) -> UInt8 {
    (1...255).first { product($0, value) == 1 } ?? 0
  }

  private func parity(_ layout: ParityLayout, _ data: [[UInt8]]) -> [[UInt8]] {
    let code = ReedSolomon(layout)
    let sums = ShardSums(shards: layout.parityShards, length: layout.shard)
    for (shard, bytes) in data.enumerated() {
      bytes.withBytes { code.add($0, of: shard, at: 0, to: sums) }
    }
    return (0..<layout.parityShards).map { sums.withBytes(of: $0) { $0.copied() } }
  }

  private func layout(_ data: Int, _ parity: Int) throws -> ParityLayout {
    try #require(ParityLayout(dataShards: data, parityShards: parity, block: 512, columns: 1))
  }

  @Test("is the one that the format describes", arguments: [(1, 1), (3, 2), (120, 6), (200, 55)])
  func described(data: Int, parity: Int) throws {
    var chance = SeededChance(for: "reed-solomon, described")
    let layout = try layout(data, parity)
    let shards = (0..<data).map { _ in chance.bytes(512) }
    let made = self.parity(layout, shards)
    for row in 0..<parity {
      // Cauchy: row and column numbers are added in the field, and inverted.
      let coefficients = (0..<data).map { inverse(UInt8((data + row) ^ $0)) }
      for place in [0, 1, 511] {
        let sum = zip(coefficients, shards).reduce(UInt8(0)) { $0 ^ product($1.0, $1.1[place]) }
        #expect(made[row][place] == sum)
      }
    }
  }

  @Test("gives back any shards, as many as there are parity shards, and no more")
  func lost() throws {
    var chance = SeededChance(for: "reed-solomon, lost")
    for _ in 0..<60 {
      let data = Int.random(in: 1...200, using: &chance)
      let layout = try layout(data, Int.random(in: 1...min(55, 255 - data), using: &chance))
      let shards = (0..<data).map { _ in chance.bytes(512) }
      let all = shards + parity(layout, shards)
      var present = Dictionary(uniqueKeysWithValues: all.enumerated().map { ($0, $1) })
      for gone in all.indices.shuffled(using: &chance).prefix(layout.parityShards) {
        present[gone] = nil
      }
      let lost = (0..<data).filter { present[$0] == nil }
      let code = ReedSolomon(layout)
      let isBack = code.rebuild(lost, from: present) == lost.map { shards[$0] }
      #expect(isBack, "\(layout)")
      present[try #require(present.keys.first)] = nil
      #expect(code.rebuild(lost, from: present) == nil)
    }
  }

  @Test("has checksums as gzip has")
  func checksum() {
    #expect(Array("123456789".utf8).withBytes { BlockChecksum.crc32($0) } == 0xcbf4_3926)
  }
}
