import SecretMemory
import Vocabulary

/// Chunks of content that lie one after the other in one frame, too.
struct ChunkRun: Sendable {
  let frame: UInt32
  let start: Int
  private(set) var end: Int
  private(set) var chunks: [(id: ChunkID, length: Int)]

  init(_ id: ChunkID, _ place: ChunkIndex.Place) {
    frame = place.frame
    start = Int(place.offset)
    end = start + Int(place.length)
    chunks = [(id, Int(place.length))]
  }

  /// Takes one more chunk, where it is the next one.
  mutating func extend(_ id: ChunkID, _ place: ChunkIndex.Place) -> Bool {
    guard place.frame == frame, Int(place.offset) == end else { return false }
    end += Int(place.length)
    chunks.append((id, Int(place.length)))
    return true
  }
}

/// Some chunks of content, each of which has the bytes of its name.
package struct CheckedRun: Sendable {
  package let bytes: [UInt8]
  /// The SHA-256 of the bytes, where they are one chunk: it was taken to check them.
  let sha256: SHA256Digest?
}

/// A place in content that moves forward, while workers fetch what comes next.
package struct ContentCursor {
  /// How much is fetched before it is asked for.
  private static let mostAhead = 12 << 20

  private let source: ChunkSource
  private var stack: [(depth: Int, ids: [ChunkID], next: Int)] = []
  private var run: ChunkRun?
  private var ahead: [(run: Deferred<CheckedRun>, count: Int)] = []
  private var bytesAhead = 0

  init(_ source: ChunkSource, _ reference: ContentReference) {
    self.source = source
    if case .tree(let depth, let root) = reference { stack = [(depth, [root], 0)] }
  }

  /// Has the first part fetched, for a time when it will be asked for.
  package mutating func readAhead() throws {
    while bytesAhead < Self.mostAhead, let run = try nextRun() {
      ahead.append((source.fetch(run), run.end - run.start))
      bytesAhead += run.end - run.start
    }
  }

  /// Has all of it fetched, for any thread to read.
  ///
  /// - Throws: `OperatorError` of status `mismatch` where it has no place in the store.
  consuming func fetchAll() throws -> FetchedContent {
    var runs: [ChunkRun] = []
    while let run = try nextRun() { runs.append(run) }
    return FetchedContent(runs, from: source)
  }

  /// The next bytes, some chunks of them, or nil at the end.
  ///
  /// - Throws: `OperatorError` of status `mismatch` where a chunk is missing or damaged.
  package mutating func next() throws -> CheckedRun? {
    try readAhead()
    guard !ahead.isEmpty else { return nil }
    let first = ahead.removeFirst()
    bytesAhead -= first.count
    return try first.run.value()
  }

  /// The longest run from here on; no longer than a frame.
  private mutating func nextRun() throws -> ChunkRun? {
    while let id = try nextID() {
      let place = try source.place(of: id)
      if run?.extend(id, place) == true { continue }
      let done = run
      run = ChunkRun(id, place)
      if let done { return done }
    }
    defer { run = nil }
    return run
  }

  private mutating func nextID() throws -> ChunkID? {
    while let top = stack.last {
      guard top.next < top.ids.count else {
        stack.removeLast()
        continue
      }
      stack[stack.count - 1].next += 1
      let id = top.ids[top.next]
      guard top.depth > 0 else { return id }
      let bytes = try source.chunk(id)
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
