import Synchronization

/// Counters that work advances and a console may watch from another thread.
package final class ProgressMeter: Sendable {
  /// What stands on the meter at one moment.
  package struct Reading: Sendable {
    package let label: String
    package let bytes: Int
    package let files: Int
    /// How many bytes there will be, where that is known.
    package let total: Int?
  }

  private struct Task {
    var label = ""
    var total: Int?
  }

  private let task = Mutex(Task())
  private let bytes = Atomic(0)
  private let files = Atomic(0)

  package init() {}

  /// Starts a new piece of work; the counters go to zero.
  package func begin(_ label: String, total: Int? = nil) {
    task.withLock { $0 = Task(label: label, total: total) }
    bytes.store(0, ordering: .relaxed)
    files.store(0, ordering: .relaxed)
  }

  /// Counts what was done.
  package func advance(bytes count: Int, files fileCount: Int = 0) {
    bytes.wrappingAdd(count, ordering: .relaxed)
    if fileCount > 0 { files.wrappingAdd(fileCount, ordering: .relaxed) }
  }

  /// What stands on the meter now.
  package var reading: Reading {
    let task = task.withLock { $0 }
    return Reading(
      label: task.label, bytes: bytes.load(ordering: .relaxed),
      files: files.load(ordering: .relaxed), total: task.total)
  }
}
