package import Repository
import SecretMemory
package import Vocabulary

/// A member of a batch that is not what it should be: it cannot be protected as it is.
package struct HurtMember: Error {
  /// Its place in the batch.
  package let place: Int
  package let problem: OperatorError
}

/// Makes the parity of a batch of objects, reading each once.
package struct BatchEncoder {
  private let store: any BlobStore
  private let storeID: String
  private let pass: @Sendable (Int) throws -> Void

  /// Prepares to read from a store and write to it.
  ///
  /// - Parameters:
  ///   - store: the store.
  ///   - storeID: the store's id.
  ///   - pass: hears before each piece that is read how long it is, and may throw.
  package init(
    _ store: any BlobStore, storeID: String, _ pass: @escaping @Sendable (Int) throws -> Void
  ) {
    (self.store, self.storeID, self.pass) = (store, storeID, pass)
  }

  /// Makes and keeps the parity of a batch; every member is proven on the way.
  ///
  /// The manifest comes last: without it, shards are nothing.
  ///
  /// - Parameters:
  ///   - members: the objects, as their ledgers have them.
  ///   - percent: how much parity there is to be at least.
  /// - Returns: the batch.
  /// - Throws: `HurtMember`, and what the store fails with; nothing is kept then.
  package func encode(_ members: [ObjectRecord], percent: Int) throws -> ParityBatch {
    let layout = ParityLayout(of: members.map(\.size), percent: percent)
    var sums = BatchSums(layout)
    for (place, member) in members.enumerated() {
      do {
        try add(member, to: &sums)
      } catch let problem as OperatorError where problem.status == .mismatch {
        throw HurtMember(place: place, problem: problem)
      }
    }
    let parity = sums.finish()
    let shards = (0..<layout.parityShards).map { shard in
      parity.shards.withBytes(of: shard) { SHA256Hasher.digest(of: $0) }
    }
    let manifest = ParityManifest(
      store: storeID, layout, members, shards: shards, checksums: parity.checksums)
    let bytes = try JSONDocument.pretty(manifest)
    let id = SHA256Hasher.digest(of: bytes)
    guard let batch = ParityBatch(id, parsing: bytes) else {
      preconditionFailure("a manifest that was just written can be read")
    }
    for shard in 0..<layout.parityShards {
      try store.replace(.parityShard(id, shard)) { take in
        try parity.shards.withBytes(of: shard) { try take($0) }
      }
    }
    for copy in ParityCopy.allCases.reversed() {
      try store.replace(.parityManifest(id, copy)) { take in try bytes.withBytes { try take($0) } }
    }
    return batch
  }

  private func add(_ member: ObjectRecord, to sums: inout BatchSums) throws {
    guard let name = ObjectName(ledgerText: member.name) else {
      preconditionFailure("a member's name was read from a ledger")
    }
    // Hashed on another thread, for the sums take as long.
    let digest = ConcurrentDigest()
    var left = member.size
    try store.stream(name) { bytes in
      try pass(bytes.byteCount)
      left -= bytes.byteCount
      guard left >= 0 else { return }
      digest.update(bytes.copied())
      sums.add(bytes)
    }
    let facts = NeededSet.Facts(size: member.size, sha256: member.sha256)
    guard left == 0 else { throw ObjectCheck.sizeProblem(name, facts, member.size - left) }
    guard let found = digest.finish() else { preconditionFailure("a digest is asked for once") }
    try ObjectCheck.compareDigest(name, facts, found)
  }
}

/// The parity and the checksums of a batch whose bytes come one after the other.
struct BatchSums {
  private let layout: ParityLayout
  private let code: ReedSolomon
  private let shards: ShardSums
  private var checksums: [UInt32] = []
  /// Bytes of a block that is not whole yet.
  private var rest: [UInt8] = []

  init(_ layout: ParityLayout) {
    self.layout = layout
    code = ReedSolomon(layout)
    shards = ShardSums(shards: layout.parityShards, length: layout.shard)
    rest.reserveCapacity(layout.block)
  }

  /// Adds the next bytes.
  mutating func add(_ bytes: RawSpan) {
    var start = 0
    if !rest.isEmpty {
      start = min(layout.block - rest.count, bytes.byteCount)
      rest.append(bytes.extracting(0..<start))
      guard rest.count == layout.block else { return }
      addRest()
    }
    while bytes.byteCount - start >= layout.block {
      addBlock(bytes.extracting(start..<start + layout.block))
      start += layout.block
    }
    rest.append(bytes.extracting(start..<bytes.byteCount))
  }

  /// Ends the batch: what is missing to its last data block is zeros.
  mutating func finish() -> (shards: ShardSums, checksums: [UInt32]) {
    if !rest.isEmpty {
      rest += [UInt8](repeating: 0, count: layout.block - rest.count)
      addRest()
    }
    let zeros = [UInt8](repeating: 0, count: layout.block)
    let ofZeros = zeros.withBytes { BlockChecksum.crc32($0) }
    while checksums.count < layout.dataShards * layout.columns { checksums.append(ofZeros) }
    for shard in 0..<layout.parityShards {
      shards.withBytes(of: shard) { bytes in
        for column in 0..<layout.columns {
          let start = column * layout.block
          checksums.append(BlockChecksum.crc32(bytes.extracting(start..<start + layout.block)))
        }
      }
    }
    return (shards, checksums)
  }

  private mutating func addRest() {
    let block = rest
    block.withBytes { addBlock($0) }
    rest.removeAll(keepingCapacity: true)
  }

  private mutating func addBlock(_ bytes: RawSpan) {
    let (shard, column) = checksums.count.quotientAndRemainder(dividingBy: layout.columns)
    checksums.append(BlockChecksum.crc32(bytes))
    code.add(bytes, of: shard, at: column * layout.block, to: shards)
  }
}
