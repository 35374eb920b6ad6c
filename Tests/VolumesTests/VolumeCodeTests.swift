import ProofTools
import SecretMemory
import Testing

@testable import Volumes

@Suite("Parity across volumes")
struct VolumeCodeTests {
  private var chance = SeededChance(for: "parity across volumes")

  private mutating func pieces(_ count: Int, _ length: Int) -> [[UInt8]] {
    (0..<count).map { _ in chance.bytes(Int.random(in: 0...length, using: &chance)) }
  }

  private static func parity(_ pieces: [[UInt8]], _ parity: Int, _ length: Int) throws -> [[UInt8]]
  {
    var sums = [[UInt8]](repeating: [], count: parity)
    try VolumeCode(data: pieces.count, parity: parity).sums(of: pieces, length) { number, bytes in
      sums[number] = bytes.copied()
    }
    return sums
  }

  @Test("makes good as many lost volumes as there are of parity, whichever they are")
  mutating func rebuilds() throws {
    for _ in 0..<60 {
      let (data, parity) = (
        Int.random(in: 1...20, using: &chance), Int.random(in: 1...4, using: &chance)
      )
      let length = Int.random(in: 1...3000, using: &chance)
      let pieces = pieces(data, length)
      let all = pieces + (try Self.parity(pieces, parity, length))
      let kept = all.indices.shuffled(using: &chance).prefix(data)
      let others = Dictionary(uniqueKeysWithValues: kept.map { ($0, all[$0]) })
      let code = VolumeCode(data: data, parity: parity)
      for lost in 0..<data where others[lost] == nil {
        let rebuilt = try #require(code.rebuild(lost, from: others, count: length))
        let missing = [UInt8](repeating: 0, count: length - pieces[lost].count)
        #expect(rebuilt == pieces[lost] + missing)
      }
    }
  }

  @Test(
    "is the sum that the format says: each byte over the number of its parity volume xor its own")
  mutating func formula() throws {
    let (data, parity, length) = (5, 3, 100)
    let pieces = (0..<data).map { _ in chance.bytes(length) }
    let sums = try Self.parity(pieces, parity, length)
    for number in 0..<parity {
      for place in 0..<length {
        let sum = (0..<data).reduce(UInt8(0)) { sum, volume in
          sum ^ Self.product(pieces[volume][place], Self.inverse(UInt8((data + number) ^ volume)))
        }
        #expect(sums[number][place] == sum)
      }
    }
  }

  /// The product in GF(256) modulo x^8 + x^4 + x^3 + x^2 + 1.
  private static func product(_ left: UInt8, _ right: UInt8) -> UInt8 {
    var (left, right, product) = (left, right, UInt8(0))
    while right != 0 {
      if right & 1 == 1 { product ^= left }
      left = left & 0x80 == 0 ? left << 1 : left << 1 ^ 0x1d
      right >>= 1
    }
    return product
  }

  private static func inverse(_ number: UInt8) -> UInt8 {
    (1...255).first { product(number, $0) == 1 } ?? 0
  }
}
