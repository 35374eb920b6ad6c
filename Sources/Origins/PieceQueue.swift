import Dispatch
import SecretMemory
import Synchronization

/// Bytes on their way from a thread that may wait to a task that must not.
///
/// Memory: at most `room` bytes, rounded up to pieces.
final class PieceQueue: Sendable {
  /// How far ahead of the reader it may be written.
  static let room = 8 << 20
  private static let pieceSize = 256 << 10

  private struct State {
    var pieces: [[UInt8]] = []
    /// Empty ones with room: pages that are new would have to be cleared.
    var used: [[UInt8]] = []
    var isFinished = false
    var isClosed = false
    var reader: CheckedContinuation<Void, Never>?

    /// Takes the reader that is to be woken.
    mutating func wake() -> CheckedContinuation<Void, Never>? {
      defer { reader = nil }
      return reader
    }
  }

  private let state = Mutex(State())
  private let free = DispatchSemaphore(value: room / pieceSize)

  /// Adds bytes, and waits where there is no room.
  ///
  /// - Throws: `CancellationError` where the reader wants no more.
  func put(_ bytes: RawSpan) throws {
    var start = 0
    while start < bytes.byteCount {
      let end = min(start + Self.pieceSize, bytes.byteCount)
      try put(piece: bytes.extracting(start..<end))
      start = end
    }
  }

  private func put(piece: RawSpan) throws {
    let isJoined = state.withLock { state in
      // A program writes in small pieces; the one that waits last takes them up.
      guard let last = state.pieces.indices.last,
        state.pieces[last].count + piece.byteCount <= Self.pieceSize
      else { return false }
      state.pieces[last].append(piece)
      return true
    }
    if isJoined { return }
    free.wait()
    let reader = try state.withLock { state in
      if state.isClosed {
        free.signal()
        throw CancellationError()
      }
      var bytes = state.used.popLast() ?? []
      bytes.reserveCapacity(Self.pieceSize)
      bytes.append(piece)
      state.pieces.append(bytes)
      return state.wake()
    }
    reader?.resume()
  }

  /// Says that nothing more comes.
  func finish() {
    state.withLock { state in
      state.isFinished = true
      return state.wake()
    }?.resume()
  }

  /// Gives the oldest bytes; nil at their end.
  func next() async -> [UInt8]? {
    while true {
      let (piece, isOver) = state.withLock { state in
        (state.pieces.isEmpty ? nil : state.pieces.removeFirst(), state.isFinished)
      }
      if let piece {
        free.signal()
        return piece
      }
      if isOver { return nil }
      await withCheckedContinuation { reader in
        let isDue = state.withLock { state in
          if state.isFinished || !state.pieces.isEmpty { return true }
          state.reader = reader
          return false
        }
        if isDue { reader.resume() }
      }
    }
  }

  /// Takes a piece back that was read.
  func reuse(_ piece: consuming [UInt8]) {
    piece.removeAll(keepingCapacity: true)
    state.withLock { [piece] in $0.used.append(piece) }
  }

  /// Says that nothing more is wanted: whoever waits for room is told.
  func close() {
    state.withLock { $0.isClosed = true }
    free.signal()
  }
}
