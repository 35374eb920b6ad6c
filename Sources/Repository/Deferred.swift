import Dispatch
import Synchronization

/// A value that a worker makes while its owner goes on.
///
/// Whoever makes them sees to it that few are under way; a queue of them bounds memory only then.
final class Deferred<Value: Sendable>: Sendable {
  private let outcome = Mutex<Result<Value, any Error>?>(nil)
  private let work = DispatchGroup()

  /// Starts the work.
  init(on queue: DispatchQueue = .workers, _ make: @escaping @Sendable () throws -> Value) {
    queue.async(group: work) {
      let made = Result { try make() }
      self.outcome.withLock { $0 = made }
    }
  }

  /// Makes the value here and now: for work that is less than handing it to a worker.
  init(now make: () throws -> Value) {
    let made = Result { try make() }
    outcome.withLock { $0 = made }
  }

  /// Whether the value is there, or what went wrong with it.
  var isReady: Bool { outcome.withLock { $0 != nil } }

  /// Waits for the value, and lends it as often as it is asked for.
  ///
  /// - Throws: what the work threw.
  func value() throws -> Value {
    work.wait()
    guard let outcome = outcome.withLock({ $0 }) else { fatalError("work that ended left nothing") }
    return try outcome.get()
  }
}

extension DispatchQueue {
  /// One worker a core.
  static let workers = DispatchQueue(label: "coffer.workers", attributes: .concurrent)
}
