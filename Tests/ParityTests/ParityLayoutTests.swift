import ProofTools
import Testing

@testable import Parity

@Suite("How a batch is laid out")
struct ParityLayoutTests {
  @Test("has room for all, parity for the largest and something small, and at most 255 shards")
  func laws() {
    var chance = SeededChance(for: "how a batch is laid out")
    for _ in 0..<3000 {
      let most = 1 << Int.random(in: 0...27, using: &chance)
      let sizes = (0..<Int.random(in: 1...60, using: &chance)).map { _ in
        Int.random(in: 0...most, using: &chance)
      }
      let percent = Int.random(in: 1...100, using: &chance)
      let layout = ParityLayout(of: sizes, percent: percent)
      #expect(layout.room >= sizes.reduce(0, +), "\(sizes) \(percent)")
      #expect(layout.dataShards + layout.parityShards <= 255, "\(sizes) \(percent)")
      let largest = sizes.max() ?? 0
      #expect(
        (layout.parityShards - 1) * layout.shard >= largest + 2 * layout.block,
        "\(sizes) \(percent) \(layout)")
      #expect(layout.parityShards * 100 >= layout.dataShards * percent)
      #expect(
        ParityLayout(
          dataShards: layout.dataShards, parityShards: layout.parityShards, block: layout.block,
          columns: layout.columns) == layout)
    }
  }

  @Test("of a whole batch of packs costs 5 %")
  func cost() {
    let layout = ParityLayout(of: Array(repeating: 30 << 20, count: 34), percent: 5)
    let parity = layout.parityShards * layout.shard
    #expect(parity * 100 < 34 * 30 * 54 * 1 << 20 / 10, "\(layout)")
  }
}
