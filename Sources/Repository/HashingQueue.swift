import DequeModule
import Vocabulary

/// Blocks that are being hashed, in the order in which they were read.
struct HashingQueue {
  /// How many bytes may be with the workers: some blocks for each of them, and little memory.
  private static let mostBytes = 12 << 20

  private struct Entry {
    let block: Deferred<HashedBlock>
    let byteCount: Int
    let content: PendingContent
    let isLast: Bool
  }

  private var entries = Deque<Entry>()
  private var byteCount = 0

  /// Whether the oldest must be taken before more is given to the workers.
  var isFull: Bool { byteCount >= Self.mostBytes }
  /// Whether taking the oldest takes no waiting.
  var isReady: Bool { entries.first?.block.isReady ?? false }

  /// Gives a block to the workers.
  mutating func add(_ block: ChunkBlock, of content: PendingContent, isLast: Bool) {
    content.blocks += 1
    let hashed = content.hashing.hash(block, isOnly: isLast && content.blocks == 1)
    entries.append(
      Entry(block: hashed, byteCount: block.bytes.count, content: content, isLast: isLast))
    byteCount += block.bytes.count
  }

  /// Takes the oldest, or nil where there is none.
  mutating func next() throws -> (block: HashedBlock, content: PendingContent, isLast: Bool)? {
    guard let entry = entries.popFirst() else { return nil }
    byteCount -= entry.byteCount
    return (try entry.block.value(), entry.content, entry.isLast)
  }
}
