/// How the bytes of a batch are cut: into equal shards, with parity shards beside them; both into blocks.
///
/// The members of a batch stand one after the other, then zeros. Of these bytes the first shard is the
/// first run, and so on. A *column* is one block of every shard, at the same place: of its blocks, data and
/// parity, as many may be lost as there are parity shards. A run of lost bytes touches each column as often as
/// it is shards long, so one lost object, whatever its size in the batch, and something small can be made good.
package struct ParityLayout: Sendable, Hashable {
  /// libisal codes up to six parity shards in one pass over the data.
  private static let parityAtATime = 6
  private static let blockSizes = 512...65_536
  /// What one code word of GF(256) can hold.
  private static let mostShards = 255

  /// How many shards hold data.
  package let dataShards: Int
  /// How many shards hold parity.
  package let parityShards: Int
  /// Bytes of a block.
  package let block: Int
  /// Blocks of a shard.
  package let columns: Int

  /// Bytes of a shard.
  package var shard: Int { block * columns }

  /// Lays out a batch.
  ///
  /// - Parameters:
  ///   - sizes: of its members, in bytes.
  ///   - percent: how much parity there is to be, in percent of the bytes, at least.
  package init(of sizes: [Int], percent: Int) {
    let total = max(1, sizes.reduce(0, +))
    let largest = sizes.max() ?? 0
    // Where one member is a large part of the batch, few shards are enough.
    let share = max(Double(percent) / 100, Double(largest) / Double(total))
    var data = max(1, Int(Double(Self.parityAtATime) / share))
    var layout = ParityLayout(data, total: total, largest: largest, percent: percent)
    while layout.dataShards + layout.parityShards > Self.mostShards, data > 1 {
      data -= 1
      layout = ParityLayout(data, total: total, largest: largest, percent: percent)
    }
    self = layout
  }

  /// A batch in so many data shards.
  private init(_ data: Int, total: Int, largest: Int, percent: Int) {
    let length = (total + data - 1) / data
    var block = Self.blockSizes.lowerBound
    while block < Self.blockSizes.upperBound, block * 64 < length { block *= 2 }
    let columns = max(1, (length + block - 1) / block)
    // Lost bytes begin and end within blocks.
    let burst = (largest + 2 * block + block * columns - 1) / (block * columns) + 1
    (dataShards, self.block, self.columns) = (data, block, columns)
    parityShards = max((data * percent + 99) / 100, burst)
  }

  /// Takes a layout that is written down.
  ///
  /// - Returns: nil where no batch is laid out so.
  init?(dataShards: Int, parityShards: Int, block: Int, columns: Int) {
    guard dataShards > 0, parityShards > 0, dataShards + parityShards <= Self.mostShards,
      Self.blockSizes.contains(block), block & (block - 1) == 0, (1...1 << 24).contains(columns)
    else { return nil }
    (self.dataShards, self.parityShards) = (dataShards, parityShards)
    (self.block, self.columns) = (block, columns)
  }

  /// How many bytes of members there is room for.
  var room: Int { dataShards * shard }
}
