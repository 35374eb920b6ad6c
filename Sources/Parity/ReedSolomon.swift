internal import CISAL
import SecretMemory

/// Reed-Solomon code over GF(256) with a Cauchy matrix: of data and parity shards together, any as many
/// as there are data shards give all others.
///
/// `docs/formats/store.md`, Parity.
package struct ReedSolomon: Sendable {
  private let data: Int
  /// A row a shard, the data shards first.
  private let matrix: [UInt8]
  private let parity: Coefficients

  /// The code of a layout.
  init(_ layout: ParityLayout) {
    self.init(data: layout.dataShards, parity: layout.parityShards)
  }

  /// The code of so many shards; together no more than 255.
  package init(data: Int, parity: Int) {
    self.data = data
    let all = data + parity
    var matrix = [UInt8](repeating: 0, count: all * data)
    unsafe gf_gen_cauchy1_matrix(&matrix, Int32(all), Int32(data))
    self.matrix = matrix
    self.parity = Coefficients(Array(matrix[(data * data)...]), sources: data)
  }

  /// Adds bytes of a data shard to the parity shards.
  ///
  /// - Parameters:
  ///   - bytes: at least 64 of them.
  ///   - shard: whose they are.
  ///   - offset: where they stand in it.
  ///   - sums: the parity shards, zeros before the first bytes.
  package func add(_ bytes: RawSpan, of shard: Int, at offset: Int, to sums: ShardSums) {
    parity.add(bytes, of: shard, at: offset, to: sums)
  }

  /// Makes lost data again from one place in as many other shards as there are data shards.
  ///
  /// - Parameters:
  ///   - lost: the data shards whose bytes to make.
  ///   - present: bytes of others by their number, parity shards after data shards; all of one length.
  /// - Returns: bytes of the lost ones in their order; nil where too few are present.
  package func rebuild(_ lost: [Int], from present: [Int: [UInt8]]) -> [[UInt8]]? {
    let used = present.keys.sorted().prefix(data)
    guard used.count == data, let length = used.first.flatMap({ present[$0]?.count }) else {
      return nil
    }
    var rows = used.flatMap { matrix[$0 * data..<($0 + 1) * data] }
    var inverse = [UInt8](repeating: 0, count: data * data)
    guard unsafe gf_invert_matrix(&rows, &inverse, Int32(data)) == 0 else { return nil }
    let wanted = lost.flatMap { inverse[$0 * data..<($0 + 1) * data] }
    let coefficients = Coefficients(wanted, sources: data)
    let sums = ShardSums(shards: lost.count, length: length)
    for (source, shard) in used.enumerated() {
      present[shard]?.withBytes { coefficients.add($0, of: source, at: 0, to: sums) }
    }
    return (0..<lost.count).map { sums.withBytes(of: $0) { $0.copied() } }
  }
}

/// The checksum of a block, CRC-32 as in gzip, by which damage is found where it is.
///
/// What was mended is proven by SHA-256.
enum BlockChecksum {
  static func crc32(_ bytes: RawSpan, after start: UInt32 = 0) -> UInt32 {
    unsafe bytes.withUnsafeBytes { bytes in
      unsafe crc32_gzip_refl(
        start, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(bytes.count))
    }
  }
}
