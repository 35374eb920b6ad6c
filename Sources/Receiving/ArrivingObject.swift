import Dispatch
import Repository
import SecretMemory
import Synchronization
import Vocabulary

/// An object that is written to a store while its bytes come over a wire, a few pieces behind them.
final class ArrivingObject: Sendable {
  private static let mostWaiting = 2

  private enum Piece {
    case bytes([UInt8])
    case end
    case dropped
  }

  private let pieces = Mutex<[Piece]>([])
  private let arrived = DispatchSemaphore(value: 0)
  private let room = DispatchSemaphore(value: mostWaiting)
  private let outcome = Mutex<Result<any StagedObject, any Error>?>(nil)
  private let writing = DispatchGroup()

  /// Begins to write.
  init(to store: any BlobStore) {
    writing.enter()
    DispatchQueue(label: "coffer.receive.object").async {
      let staged = Result {
        try store.stage { take in
          while case .bytes(let bytes) = try self.next() { try bytes.withBytes { try take($0) } }
        }
      }
      self.outcome.withLock { $0 = staged }
      // Nobody who has more to say must wait for one who listens no more.
      for _ in 0...Self.mostWaiting { self.room.signal() }
      self.writing.leave()
    }
  }

  /// Takes the next bytes; waits while the disk is behind.
  ///
  /// Of an object that failed nothing is kept.
  func add(_ bytes: [UInt8]) {
    guard outcome.withLock({ $0 == nil }) else { return }
    room.wait()
    push(.bytes(bytes))
  }

  /// Says that this is all, and waits until it is written.
  ///
  /// - Returns: the object, which has no name yet.
  /// - Throws: what the store said.
  func end() throws -> any StagedObject {
    push(.end)
    writing.wait()
    guard let outcome = outcome.withLock({ $0 }) else { fatalError("work that ended left nothing") }
    return try outcome.get()
  }

  /// Forgets it.
  func drop() {
    push(.dropped)
    writing.wait()
  }

  private func push(_ piece: Piece) {
    pieces.withLock { $0.append(piece) }
    arrived.signal()
  }

  private func next() throws -> Piece {
    arrived.wait()
    let piece = pieces.withLock { $0.removeFirst() }
    switch piece {
    case .bytes: room.signal()
    case .end: break
    case .dropped:
      throw OperatorError("receive.dropped", .interrupted, "an object was not wanted any more")
    }
    return piece
  }
}
