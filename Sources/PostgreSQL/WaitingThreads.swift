internal import Dispatch

/// Runs a task on threads that may wait: for a program's pipe, a server's answer, room in a queue.
///
/// Of the threads that Swift runs tasks on there are as many as cores, and where there is one core, a
/// task that waits on it for another one waits for ever.
package final class WaitingThreads: TaskExecutor {
  /// Makes an executor; it costs nothing while no task runs on it.
  package init() {}

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    // A serial queue has a thread of its own while it has work.
    DispatchQueue(label: "coffer.waiting").async {
      unsafe job.runSynchronously(on: self.asUnownedTaskExecutor())
    }
  }
}
