import Dispatch
import SecretMemory
import Synchronization
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
  // Blocks may reach it in one order only.
  private let order = DispatchQueue(label: "coffer.content-hashing", target: .workers)
  private let hasher = Mutex<SHA256Hasher?>(SHA256Hasher())
  private let digest = Mutex<SHA256Digest?>(nil)

  init(_ keyedHash: KeyedHash) {
    self.keyedHash = keyedHash
  }

  /// Hashes a block beside everything else that is going on.
  func hash(_ block: ChunkBlock) -> Deferred<HashedBlock> {
    order.async { self.update(block) }
    return Deferred { self.named(block) }
  }

  /// Hashes the last block; where it is the only one, a single worker does all of it.
  func hash(last block: ChunkBlock, isOnly: Bool) -> Deferred<HashedBlock> {
    guard isOnly else {
      order.async {
        self.update(block)
        self.end()
      }
      return Deferred { self.named(block) }
    }
    return Deferred {
      self.update(block)
      self.end()
      return self.named(block)
    }
  }

  /// Waits for the digest of the whole content.
  func wholeDigest() -> SHA256Digest {
    if let known = digest.withLock({ $0 }) { return known }
    guard let digest = order.sync(execute: { digest.withLock { $0 } }) else {
      fatalError("content was asked for its digest before its end")
    }
    return digest
  }

  private func named(_ block: ChunkBlock) -> HashedBlock {
    var ids: [ChunkID] = []
    ids.reserveCapacity(block.ends.count)
    block.eachChunk { ids.append(ChunkID(of: $1, under: keyedHash)) }
    return HashedBlock(block: block, ids: ids)
  }

  private func update(_ block: ChunkBlock) {
    hasher.withLock { hasher in
      guard var running = hasher.take() else { return }
      block.bytes.withBytes { running.update($0) }
      hasher = consume running
    }
  }

  private func end() {
    let whole = hasher.withLock { $0.take()?.finish() }
    digest.withLock { $0 = whole }
  }
}
