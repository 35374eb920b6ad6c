import Synchronization

/// Whether somebody asked the run to stop; long work asks `check` between its steps.
package final class Interruption: Sendable {
  private let wanted = Atomic(false)
  private let action = Mutex<(@Sendable () -> Void)?>(nil)

  package init() {}

  /// Asks the run to stop at its next step; safe to call from any thread.
  package func request() {
    wanted.store(true, ordering: .relaxed)
    action.withLock { $0 }?()
  }

  /// Does something at once when somebody asks, for work that has no steps to check between.
  package func whenRequested(_ action: @escaping @Sendable () -> Void) {
    self.action.withLock { $0 = action }
  }

  /// Throws where somebody asked.
  ///
  /// - Throws: `interrupted`, status 130.
  package func check() throws {
    guard wanted.load(ordering: .relaxed) else { return }
    throw OperatorError(
      "interrupted", .interrupted, "interrupted",
      hint: "nothing is lost: the next run goes on from here")
  }
}
