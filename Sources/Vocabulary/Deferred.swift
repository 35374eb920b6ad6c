package import Dispatch
import Synchronization

/// A value that a worker makes while its owner goes on.
///
/// Whoever makes them sees to it that few are under way; a queue of them bounds memory only then.
package final class Deferred<Value: Sendable>: Sendable {
  private let outcome = Mutex<Result<Value, any Error>?>(nil)
  private let work = DispatchGroup()

  /// Has a worker make the value.
  package init(_ make: @escaping @Sendable () throws -> Value) {
    work.enter()
    Workers.all.run { self.take(make) }
  }

  /// Has the value made on a queue, for work that waits.
  package init(on queue: DispatchQueue, _ make: @escaping @Sendable () throws -> Value) {
    work.enter()
    queue.async { self.take(make) }
  }

  /// Makes the value here and now: for work that is less than handing it to a worker.
  package init(now make: () throws -> Value) {
    let made = Result { try make() }
    outcome.withLock { $0 = made }
  }

  /// Whether the value is there, or what went wrong with it.
  package var isReady: Bool { outcome.withLock { $0 != nil } }

  /// Waits for the value, and lends it as often as it is asked for.
  ///
  /// - Throws: what the work threw.
  package func value() throws -> Value {
    work.wait()
    guard let outcome = outcome.withLock({ $0 }) else { fatalError("work that ended left nothing") }
    return try outcome.get()
  }

  private func take(_ make: () throws -> Value) {
    let made = Result { try make() }
    outcome.withLock { $0 = made }
    work.leave()
  }
}
