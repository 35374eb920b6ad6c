import ProofTools
import Testing

@testable import Repository

@Suite("Padmé sizes")
struct PadmeSizeTests {
  @Test(
    "the sizes are those of the paper",
    arguments: [
      (0, 0), (1, 1), (2, 2), (3, 3), (8, 8), (9, 10), (100, 104), (1000, 1024), (1025, 1088),
      (1 << 25, 1 << 25), (1 << 25 + 1, 34_603_008), (99_999_999, 100_663_296),
    ])
  func known(length: Int, size: Int) {
    #expect(PadmeSize.holding(length) == size)
  }

  @Test("a size holds its length, costs at most 12 %, and needs no further padding")
  func any() {
    var chance = SeededChance(for: "Padmé sizes")
    for length in Array(0..<3000)
      + (0..<2000).map({ _ in Int.random(in: 0...1 << 40, using: &chance) })
    {
      let size = PadmeSize.holding(length)
      #expect(size >= length && (size - length) * 100 <= length * 12)
      #expect(PadmeSize.holding(size) == size)
      #expect(PadmeSize.holding(length + 1) >= size)
    }
  }

  @Test("lengths of up to a pack have few sizes, so that a size tells little")
  func few() {
    let sizes = Set(stride(from: 0, through: 32 << 20, by: 64).map(PadmeSize.holding))
    #expect(sizes.count < 500)
  }
}
