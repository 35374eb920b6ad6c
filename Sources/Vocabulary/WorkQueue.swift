/// Work that workers do in groups, and whose results are taken in the order in which it was given.
///
/// Whoever gives it takes results while the queue is full, which bounds memory. When the queue goes away
/// it waits for what is under way, so that nothing is done behind the back of somebody who failed.
package struct WorkQueue<Value: Sendable>: ~Copyable {
  package typealias Job = @Sendable () throws -> Value

  /// What is given to a worker at once: enough that handing it over costs little beside.
  private static var fullGroup: (jobs: Int, weight: Int) { (64, 256 << 10) }

  private let mostWeight: Int
  private let mostGroups = 4 * coreCount()
  private var jobs: [Job] = []
  private var weightOfJobs = 0
  private var groups: [(work: Deferred<[Result<Value, any Error>]>, weight: Int)] = []
  private var weightOfGroups = 0
  private var results: ArraySlice<Result<Value, any Error>> = []

  /// Starts with no work.
  /// - Parameter mostWeight: how much of it may be with the workers.
  package init(mostWeight: Int) {
    self.mostWeight = mostWeight
  }

  deinit {
    for group in groups { _ = try? group.work.value() }
  }

  /// Whether there is neither work nor a result that nobody took.
  package var isEmpty: Bool { jobs.isEmpty && groups.isEmpty && results.isEmpty }

  /// Whether results must be taken before more work is given.
  package var isFull: Bool { groups.count > mostGroups || weightOfGroups > mostWeight }

  /// Gives a piece of work.
  /// - Parameters:
  ///   - weight: what it takes, in bytes.
  ///   - job: the work; it must not wait for other work.
  package mutating func add(weight: Int, _ job: @escaping Job) {
    jobs.append(job)
    weightOfJobs += weight
    if jobs.count >= Self.fullGroup.jobs || weightOfJobs >= Self.fullGroup.weight { send() }
  }

  /// Waits for the oldest result.
  /// - Returns: the result; nil where there is no work.
  /// - Throws: what the work threw; the next result can be taken after that.
  package mutating func next() throws -> Value? {
    if results.isEmpty {
      if groups.isEmpty { send() }
      guard !groups.isEmpty else { return nil }
      let oldest = groups.removeFirst()
      weightOfGroups -= oldest.weight
      results = try oldest.work.value()[...]
    }
    return try results.popFirst()?.get()
  }

  private mutating func send() {
    guard !jobs.isEmpty else { return }
    let group = jobs
    groups.append((Deferred { group.map { job in Result { try job() } } }, weightOfJobs))
    weightOfGroups += weightOfJobs
    jobs = []
    weightOfJobs = 0
  }
}
