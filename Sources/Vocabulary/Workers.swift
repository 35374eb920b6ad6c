internal import DequeModule
internal import Dispatch
internal import Synchronization

/// A thread a core, for work that waits for nothing.
///
/// They are not libdispatch's: of those there are only as many as cores, a task that waits on one counts
/// as busy, and a second passes before another one takes its place.
package final class Workers: Sendable {
  /// Those of this process.
  package static let all = Workers(coreCount())

  /// How near to its end a job's work is.
  package enum Stage {
    case early
    /// It goes before all early ones: a line of stages flows only as fast as its end drains.
    case late
  }

  private struct Waiting {
    var early = Deque<@Sendable () -> Void>()
    var late = Deque<@Sendable () -> Void>()

    mutating func next() -> (@Sendable () -> Void)? { late.popFirst() ?? early.popFirst() }
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

  /// Has a job done; of those of one stage, the first given begins first.
  ///
  /// It must not wait for another one.
  package func run(_ stage: Stage = .early, _ job: @escaping @Sendable () -> Void) {
    waiting.withLock { waiting in
      switch stage {
      case .early: waiting.early.append(job)
      case .late: waiting.late.append(job)
      }
    }
    count.signal()
  }
}
