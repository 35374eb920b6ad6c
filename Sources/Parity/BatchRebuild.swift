package import Repository
import SecretMemory
import Vocabulary

/// Makes hurt members of a batch whole again from the others and the parity.
package struct BatchRebuild {
  private let batch: ParityBatch
  private let layout: ParityLayout
  private let store: any BlobStore
  private let checksums: [UInt32]
  /// Where each member's bytes start among all, and where the last one's end.
  private let starts: [Int]
  /// Lost blocks that were made again.
  private var rebuilt: [Int: [UInt8]] = [:]
  /// Lost blocks that cannot be made again.
  private var gone: Set<Int> = []

  /// Prepares to rebuild.
  ///
  /// - Returns: nil where the manifest's checksums are not whole.
  package init?(_ batch: ParityBatch, in store: any BlobStore) {
    guard let checksums = batch.checksums() else { return nil }
    (self.batch, layout, self.store, self.checksums) = (batch, batch.layout, store, checksums)
    starts = batch.manifest.members.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.size) }
  }

  /// Makes a member whole again.
  ///
  /// The new one is written under a temporary name, and gets its own when its SHA-256 is what the host
  /// signed for; until then, what is left of the old one stays where it is.
  ///
  /// - Parameters:
  ///   - name: the member.
  ///   - facts: what the host signed for.
  /// - Throws: `parity.too-weak` where more is lost than the parity makes good, and what the store fails with.
  package mutating func mend(_ name: ObjectName, _ facts: NeededSet.Facts) throws {
    guard let member = batch.manifest.members.firstIndex(where: { $0.name == name.path }) else {
      throw tooWeak(name)
    }
    let range = starts[member]..<starts[member + 1]
    let blocks =
      range.isEmpty
      ? 0..<0 : range.lowerBound / layout.block..<(range.upperBound - 1) / layout.block + 1
    for block in blocks where data(block) == nil { rebuild(block % layout.columns) }
    guard gone.isDisjoint(with: blocks) else { throw tooWeak(name) }
    try store.replace(name) { take in
      var hasher = SHA256Hasher()
      for block in blocks {
        let start = block * layout.block
        guard let bytes = data(block) else { throw tooWeak(name) }
        let part = range.clamped(to: start..<start + layout.block)
        try bytes.withBytes { bytes in
          let part = bytes.extracting(part.lowerBound - start..<part.upperBound - start)
          hasher.update(part)
          try take(part)
        }
      }
      guard hasher.finish() == facts.sha256 else { throw tooWeak(name) }
    }
  }

  private func tooWeak(_ name: ObjectName) -> OperatorError {
    OperatorError(
      "parity.too-weak", .mismatch,
      "\(name) cannot be mended: more of its batch is lost than the parity makes good",
      hint: "fetch it from another copy of the store")
  }

  /// Makes the lost data blocks of a column again.
  private mutating func rebuild(_ column: Int) {
    func block(_ shard: Int) -> Int { shard * layout.columns + column }
    var present: [Int: [UInt8]] = [:]
    var lost: [Int] = []
    for shard in 0..<layout.dataShards {
      if let bytes = data(block(shard)) { present[shard] = bytes } else { lost.append(shard) }
    }
    for number in 0..<layout.parityShards where present.count < layout.dataShards {
      present[layout.dataShards + number] = parity(number, column)
    }
    guard let made = ReedSolomon(layout).rebuild(lost, from: present) else {
      gone.formUnion(lost.map(block))
      return
    }
    for (shard, bytes) in zip(lost, made) {
      if isWhole(bytes, block(shard)) {
        rebuilt[block(shard)] = bytes
      } else {
        gone.insert(block(shard))
      }
    }
  }

  /// A data block as it was: as it lies there, or as it was made again; nil where it is lost.
  private func data(_ block: Int) -> [UInt8]? {
    if let bytes = rebuilt[block] { return bytes }
    guard !gone.contains(block) else { return nil }
    let range = block * layout.block..<(block + 1) * layout.block
    var bytes: [UInt8] = []
    var member = firstMember(endingAfter: range.lowerBound)
    while member < starts.count - 1, starts[member] < range.upperBound {
      let part = range.clamped(to: starts[member]..<starts[member + 1])
      let place = part.lowerBound - starts[member]..<part.upperBound - starts[member]
      guard let name = ObjectName(ledgerText: batch.manifest.members[member].name),
        let found = try? store.read(name, place)
      else { return nil }
      bytes += found
      member += 1
    }
    bytes += [UInt8](repeating: 0, count: layout.block - bytes.count)
    return isWhole(bytes, block) ? bytes : nil
  }

  private func parity(_ number: Int, _ column: Int) -> [UInt8]? {
    let start = column * layout.block
    let bytes = try? store.read(.parityShard(batch.id, number), start..<start + layout.block)
    let block = (layout.dataShards + number) * layout.columns + column
    return bytes.flatMap { isWhole($0, block) ? $0 : nil }
  }

  private func isWhole(_ bytes: [UInt8], _ block: Int) -> Bool {
    bytes.withBytes { BlockChecksum.crc32($0) } == checksums[block]
  }

  /// The first member whose bytes do not end before a place.
  private func firstMember(endingAfter place: Int) -> Int {
    var (low, high) = (0, starts.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if starts[middle + 1] > place { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
