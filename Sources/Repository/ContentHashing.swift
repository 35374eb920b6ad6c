import SecretMemory
import Vocabulary

/// What workers make of a block: the names of its chunks.
struct HashedBlock: Sendable {
  let block: ChunkBlock
  let ids: [ChunkID]
  /// The SHA-256 of the block, where it is one chunk and all of its content.
  let digest: SHA256Digest?
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
  /// single worker, and where it is one chunk, once.
  func hash(_ block: ChunkBlock, isOnly: Bool) -> Deferred<HashedBlock> {
    if !isOnly { digest.update(block.bytes) }
    return Deferred {
      if isOnly, block.ends.count == 1 { return self.hash(onlyChunk: block) }
      if isOnly { self.digest.hash(block.bytes) }
      var ids: [ChunkID] = []
      ids.reserveCapacity(block.ends.count)
      block.eachChunk { ids.append(ChunkID(of: $1, under: self.keyedHash)) }
      return HashedBlock(block: block, ids: ids, digest: nil)
    }
  }

  private func hash(onlyChunk block: ChunkBlock) -> HashedBlock {
    let digest = SHA256Hasher.digest(of: block.bytes)
    let id = ChunkID(ofBytesWith: digest, under: keyedHash)
    return HashedBlock(block: block, ids: [id], digest: digest)
  }

  /// Waits for the digest of the whole content, whose blocks were all hashed; asked for once.
  func wholeDigest() -> SHA256Digest {
    guard let whole = digest.finish() else { fatalError("content was asked for its digest twice") }
    return whole
  }
}
