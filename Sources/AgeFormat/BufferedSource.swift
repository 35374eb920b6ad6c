internal import SecretMemory
internal import Synchronization

/// A source that can be looked into before it is read.
package final class BufferedSource: PositionedSource {
  private struct State {
    var bytes: [UInt8] = []
    var start = 0
    var hasEnded = false
    var piece: [UInt8] = []
  }

  private static let pieceSize = 16 * 1024

  private let source: any ByteSource
  private let state = Mutex(State())

  package init(_ source: any ByteSource) {
    self.source = source
  }

  /// Reads on until `body`, which is lent all that was not taken yet, knows its answer.
  ///
  /// - Parameter body: gives nil where it needs more; is told when there is no more.
  /// - Returns: its answer; nil where the source ended without one.
  /// - Throws: what the source and `body` throw.
  package func look<Answer: Sendable>(
    _ body: (RawSpan, _ isAll: Bool) throws -> Answer?
  ) throws -> Answer? {
    try state.withLock { state in
      while true {
        let answer = try state.bytes.withBytes { bytes in
          try body(bytes.extracting(state.start..<bytes.byteCount), state.hasEnded)
        }
        if let answer { return answer }
        guard !state.hasEnded else { return nil }
        try more(&state)
      }
    }
  }

  /// Takes the next `count` bytes, or as many as there are.
  package func take(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let filled = try bytes.withMutableBytes { try fill(&$0) }
    bytes.removeSubrange(filled...)
    return bytes
  }

  package func read(into room: inout MutableRawSpan) throws -> Int {
    try state.withLock { state in
      let waiting = state.bytes.count - state.start
      guard waiting > 0 else { return state.hasEnded ? 0 : try source.read(into: &room) }
      let count = min(waiting, room.byteCount)
      var target = room._mutatingExtracting(0..<count)
      state.bytes.withBytes {
        target.copy(from: $0.extracting(state.start..<state.start + count))
      }
      state.start += count
      if count == waiting { (state.bytes, state.start) = ([], 0) }
      return count
    }
  }

  package func claim(_ count: Int) throws -> Range<Int>? {
    guard let source = source as? any PositionedSource else { return nil }
    return try state.withLock { state in
      state.start == state.bytes.count && !state.hasEnded ? try source.claim(count) : nil
    }
  }

  package func read(_ range: Range<Int>, into room: inout MutableRawSpan) throws {
    guard let source = source as? any PositionedSource else {
      preconditionFailure("what was not claimed is read")
    }
    try source.read(range, into: &room)
  }

  private func more(_ state: inout State) throws {
    if state.piece.isEmpty { state.piece = [UInt8](repeating: 0, count: Self.pieceSize) }
    let count = try state.piece.withMutableBytes { try source.read(into: &$0) }
    state.hasEnded = count == 0
    state.piece.withBytes { state.bytes.append($0.extracting(0..<count)) }
  }
}
