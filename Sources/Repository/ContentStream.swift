import SecretMemory
import Vocabulary

/// Content on its way into the store.
///
/// `finish` consumes the stream, so that writing after it does not compile.
package struct ContentStream: ~Copyable {
  /// What became of the content: how a manifest names it, and the packs that hold it.
  package struct Stored: Sendable {
    package let content: Content
    package let packs: Set<PackHandle>
  }

  private let writer: CompartmentWriter
  private var chunker: Chunker
  private var hasher = SHA256Hasher()
  private var size = 0
  private var tree = ContentTree()

  init(writer: CompartmentWriter, sizes: ChunkSizes) {
    self.writer = writer
    chunker = Chunker(sizes, gear: writer.gear)
  }

  /// Takes the next bytes.
  package mutating func write(_ bytes: RawSpan) throws {
    hasher.update(bytes)
    size += bytes.byteCount
    let writer = writer
    try chunker.feed(bytes) { chunk in
      let (id, pack) = try writer.save(chunk, lane: .data)
      try tree.append(id, in: pack, writer)
    }
  }

  /// Ends the content.
  package consuming func finish() throws -> Stored {
    let writer = writer
    let size = size
    // Copied out: what consumes the chunker consumes the stream.
    var tree = tree
    try chunker.finish { chunk in
      let (id, pack) = try writer.save(chunk, lane: .data)
      try tree.append(id, in: pack, writer)
    }
    let reference = try tree.finish(writer)
    return Stored(
      content: Content(reference: reference, size: size, sha256: hasher.finish()),
      packs: tree.packs)
  }
}
