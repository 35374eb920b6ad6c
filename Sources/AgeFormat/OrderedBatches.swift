internal import Dispatch
internal import Synchronization
internal import Vocabulary

/// Batches that all cores work on at the same time, and that are handed on in the order they came.
///
/// The caller fills a batch while earlier ones are worked on. `deliver` is called for one batch after
/// the other, by whichever worker finds its turn come, so no worker ever waits; the caller does where
/// all batches are under way, which bounds memory.
final class OrderedBatches<Outcome: Sendable>: Sendable {
  /// Works on a batch that came in; throws where it cannot be read.
  typealias Work = @Sendable (Batch) throws -> Outcome
  /// Takes what came of a batch; throws where that cannot be gone on with.
  typealias Delivery = @Sendable (Outcome, Batch) throws -> Void

  private struct State {
    var idle: [Batch] = []
    var submitted = 0
    var due = 0
    var done: [Int: (Result<Outcome, any Error>, Batch)] = [:]
    var isDelivering = false
    var failure: (any Error)?
  }

  private let state = Mutex(State())
  // Made with 0 and raised by hand: libdispatch aborts where a semaphore dies lower than it began.
  private let free = DispatchSemaphore(value: 0)
  private let limit: Int
  private let capacity: Int
  private let work: Work
  private let deliver: Delivery

  /// Prepares batches of `capacity` bytes that are worked on by `work` and taken by `deliver`.
  init(capacity: Int, work: @escaping Work, deliver: @escaping Delivery) {
    // Besides those worked on one is filled, and one waits to know whether it is the last. No
    // reader feeds more than 8 cores.
    limit = min(coreCount(), 8) + 2
    self.capacity = capacity
    self.work = work
    self.deliver = deliver
    for _ in 0..<limit { free.signal() }
  }

  /// An empty batch to fill, once there is one.
  func take() -> Batch {
    free.wait()
    return state.withLock { $0.idle.popLast() } ?? Batch(capacity: capacity)
  }

  /// Throws what `deliver` threw to an earlier batch, or what the work was abandoned for.
  func check() throws {
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }

  /// Gives a batch over; it is the caller's no longer.
  func submit(_ batch: Batch) {
    batch.number = state.withLock { state in
      defer { state.submitted += 1 }
      return state.submitted
    }
    Workers.all.run(.late) {
      let outcome = Result { try self.work(batch) }
      self.state.withLock { $0.done[batch.number] = (outcome, batch) }
      self.deliverWhatIsDue()
    }
  }

  /// Waits until every batch was handed on, and then does the last, here.
  ///
  /// - Throws: what `deliver` threw.
  func finish(with batch: Batch) throws {
    for _ in 1..<limit { free.wait() }
    defer { for _ in 1..<limit { free.signal() } }
    try check()
    batch.number = state.withLock { $0.submitted }
    try deliver(work(batch), batch)
  }

  /// Hands on what came, and refuses everything that may follow with `failure`.
  func abandon(with batch: Batch, for failure: any Error) {
    do {
      try finish(with: batch)
      state.withLock { $0.failure = failure }
    } catch {
      state.withLock { $0.failure = error }
    }
  }

  /// Gives back a batch that was not filled.
  func giveBack(_ batch: Batch) {
    batch.empty()
    state.withLock { $0.idle.append(batch) }
    free.signal()
  }

  private func deliverWhatIsDue() {
    while let (outcome, batch) = takeTurn() {
      var failure = state.withLock { $0.failure }
      if failure == nil {
        do { try deliver(outcome.get(), batch) } catch { failure = error }
      }
      state.withLock { state in
        state.isDelivering = false
        state.due += 1
        state.failure = failure
      }
      giveBack(batch)
    }
  }

  private func takeTurn() -> (Result<Outcome, any Error>, Batch)? {
    state.withLock { state in
      guard !state.isDelivering, let next = state.done.removeValue(forKey: state.due) else {
        return nil
      }
      state.isDelivering = true
      return next
    }
  }
}
