import SecretMemory
import Vocabulary

/// Content on its way into the store.
///
/// Blocks of it are hashed by workers while the next ones are read. `finish` consumes the stream, so
/// that writing after it does not compile.
package struct ContentStream: ~Copyable {
  /// What became of the content: how a manifest names it, and the packs that hold it.
  package struct Stored: Sendable {
    package let content: Content
    package let packs: Set<PackHandle>
  }

  private let writer: CompartmentWriter
  private let content: PendingContent
  private var chunker: Chunker

  init(writer: CompartmentWriter, sizes: ChunkSizes) {
    self.writer = writer
    content = PendingContent(writer.keyedHash)
    chunker = Chunker(sizes, gear: writer.gear)
  }

  /// Takes the next bytes.
  package mutating func write(_ bytes: RawSpan) throws {
    content.size += bytes.byteCount
    if let block = chunker.feed(bytes) { try writer.take(block, of: content) }
  }

  /// Takes the next bytes, and keeps them where they lie, if they are the first of a block.
  package mutating func write(_ bytes: consuming [UInt8]) throws {
    content.size += bytes.count
    if let block = chunker.feed(bytes) { try writer.take(block, of: content) }
  }

  /// Ends the content, and waits until all of it was taken.
  package consuming func finish() throws -> Stored {
    let writer = writer
    return try writer.settle(finishLater())
  }

  /// Ends the content, and waits for nothing: `CompartmentWriter.settle` does.
  package consuming func finishLater() throws -> PendingContent {
    let (writer, content) = (writer, content)
    try writer.take(last: chunker.finish(), of: content)
    return content
  }
}

/// Content whose last blocks may still be with the workers.
package final class PendingContent {
  /// What became of it, once it is known.
  package private(set) var stored: ContentStream.Stored?

  let hashing: ContentHashing
  fileprivate(set) var size = 0
  var blocks = 0
  private var tree = ContentTree()

  fileprivate init(_ keyedHash: KeyedHash) {
    hashing = ContentHashing(keyedHash)
  }

  /// Takes the chunks of the next block, in their order.
  func append(_ block: HashedBlock, isLast: Bool, to writer: CompartmentWriter) throws {
    if block.digest != nil {
      try tree.append(block.ids[0], in: writer.keep(whole: block), writer)
    } else {
      try block.block.eachChunk { number, chunk in
        let id = block.ids[number]
        try tree.append(id, in: writer.keep(chunk, id, .data), writer)
      }
    }
    guard isLast else { return }
    let reference = try tree.finish(writer)
    stored = ContentStream.Stored(
      content: Content(
        reference: reference, size: size, sha256: block.digest ?? hashing.wholeDigest()),
      packs: tree.packs)
  }
}
