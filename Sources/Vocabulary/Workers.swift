import Dispatch
import Synchronization

/// A thread a core, for work that waits for nothing.
///
/// They are not libdispatch's: of those there are only as many as cores, a task that waits on one counts
/// as busy, and a second passes before another one takes its place.
package final class Workers: Sendable {
  /// Those of this process.
  package static let all = Workers(coreCount())

  private struct Waiting {
    var jobs: [@Sendable () -> Void] = []
    var first = 0

    mutating func next() -> (@Sendable () -> Void)? {
      guard first < jobs.count else { return nil }
      let job = jobs[first]
      first += 1
      if first * 2 > jobs.count {
        jobs.removeFirst(first)
        first = 0
      }
      return job
    }
  }

  private let waiting = Mutex(Waiting())
  private let count = DispatchSemaphore(value: 0)

  private init(_ threads: Int) {
    // A serial queue has a thread of its own while it has work, and this work does not end.
    for number in 0..<threads {
      DispatchQueue(label: "coffer.worker-\(number)").async {
        while true {
          self.count.wait()
          self.waiting.withLock { $0.next() }?()
        }
      }
    }
  }

  /// Has a job done; those given first begin first.
  package func run(_ job: @escaping @Sendable () -> Void) {
    waiting.withLock { $0.jobs.append(job) }
    count.signal()
  }
}
