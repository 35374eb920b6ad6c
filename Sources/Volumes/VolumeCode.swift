import Parity
import SecretMemory

/// Parity across volumes: byte for byte, each volume being a shard; what a shorter one lacks counts as zeros.
struct VolumeCode: Sendable {
  /// libisal codes no less at once.
  private static let least = 64

  private let code: ReedSolomon
  private let data: Int
  private let parity: Int

  /// The code of a set.
  init(data: Int, parity: Int) {
    (code, self.data, self.parity) = (ReedSolomon(data: data, parity: parity), data, parity)
  }

  /// The parity of bytes at one place in all data volumes.
  ///
  /// - Parameters:
  ///   - pieces: of each data volume; shorter ones, or none, at the end of a volume.
  ///   - count: how many bytes of parity there are to be.
  ///   - take: is handed the bytes of each parity volume, by its number from 0.
  /// - Throws: what `take` throws.
  func sums(
    of pieces: [[UInt8]], _ count: Int, _ take: (_ number: Int, RawSpan) throws -> Void
  ) throws {
    guard parity > 0 else { return }
    let length = max(count, Self.least)
    let sums = ShardSums(shards: parity, length: length)
    for (number, piece) in pieces.enumerated() where !piece.isEmpty {
      Self.filled(piece, length).withBytes { code.add($0, of: number, at: 0, to: sums) }
    }
    for number in 0..<parity {
      try sums.withBytes(of: number) { try take(number, $0.extracting(0..<count)) }
    }
  }

  /// Makes bytes of a lost data volume again, from the same place in as many others as there are data volumes.
  ///
  /// - Returns: nil where there are too few others.
  func rebuild(_ lost: Int, from others: [Int: [UInt8]], count: Int) -> [UInt8]? {
    let length = max(count, Self.least)
    let others = others.mapValues { Self.filled($0, length) }
    return code.rebuild([lost], from: others)?.first.map { Array($0.prefix(count)) }
  }

  private static func filled(_ piece: [UInt8], _ length: Int) -> [UInt8] {
    piece.count == length ? piece : piece + [UInt8](repeating: 0, count: length - piece.count)
  }
}
