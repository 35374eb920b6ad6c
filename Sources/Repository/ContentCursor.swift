import Vocabulary
import SecretMemory

/// A place in content that moves forward a chunk at a time, holding one list of ids a height.
package struct ContentCursor {
  private let reader: CompartmentReader
  private var stack: [(depth: Int, ids: [ChunkID], next: Int)] = []

  init(reader: CompartmentReader, _ reference: ContentReference) {
    self.reader = reader
    if case .tree(let depth, let root) = reference { stack = [(depth, [root], 0)] }
  }

  /// The next chunk's bytes, or nil at the end.
  ///
  /// - Throws: `OperatorError` of status `mismatch` where a chunk is missing or damaged.
  package mutating func next() throws -> [UInt8]? {
    while let top = stack.last {
      guard top.next < top.ids.count else {
        stack.removeLast()
        continue
      }
      stack[stack.count - 1].next += 1
      let bytes = try reader.chunk(top.ids[top.next])
      guard top.depth > 0 else { return bytes }
      guard bytes.count.isMultiple(of: ChunkID.byteCount), !bytes.isEmpty else {
        throw OperatorError("content.damaged", .mismatch, "a list of chunks is no such list")
      }
      let ids = bytes.withBytes { bytes in
        stride(from: 0, to: bytes.byteCount, by: ChunkID.byteCount).map { ChunkID(bytes, at: $0) }
      }
      stack.append((top.depth - 1, ids, 0))
    }
    return nil
  }
}
