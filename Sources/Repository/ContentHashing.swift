import SecretMemory
import Vocabulary

/// What workers make of a block: the names of its chunks.
struct HashedBlock: Sendable {
  let block: ChunkBlock
  let ids: [ChunkID]
}

/// One content's way through the workers: ids of its blocks, each on its own, and the SHA-256 of all
/// of it, block after block.
final class ContentHashing: Sendable {
  private let keyedHash: KeyedHash
  private let digest = ConcurrentDigest()

  init(_ keyedHash: KeyedHash) {
    self.keyedHash = keyedHash
  }

  /// Hashes a block beside everything else that is going on; one that is all of its content, by a
  /// single worker.
  func hash(_ block: ChunkBlock, isOnly: Bool) -> Deferred<HashedBlock> {
    if !isOnly { digest.update(block.bytes) }
    return Deferred {
      if isOnly { self.digest.hash(block.bytes) }
      var ids: [ChunkID] = []
      ids.reserveCapacity(block.ends.count)
      block.eachChunk { ids.append(ChunkID(of: $1, under: self.keyedHash)) }
      return HashedBlock(block: block, ids: ids)
    }
  }

  /// Waits for the digest of the whole content, whose blocks were all hashed; asked for once.
  func wholeDigest() -> SHA256Digest {
    guard let whole = digest.finish() else { fatalError("content was asked for its digest twice") }
    return whole
  }
}
