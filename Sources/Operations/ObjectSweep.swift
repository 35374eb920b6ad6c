import Dispatch
import Repository
import Synchronization
import Vocabulary

/// Checks size and SHA-256 of many objects on all cores.
struct ObjectSweep {
  private let reader: ObjectReader
  private let meter: ProgressMeter
  private let interruption: Interruption

  init(_ reader: ObjectReader, meter: ProgressMeter, interruption: Interruption) {
    self.reader = reader
    self.meter = meter
    self.interruption = interruption
  }

  /// Every object that is not what the ledger says, in the order of names.
  func problems() -> [OperatorError] {
    let objects = reader.needed.objects
    let names = objects.keys.sorted()
    meter.begin("objects", total: reader.needed.summary.bytes)
    let found = Mutex<[(index: Int, problem: OperatorError)]>([])
    DispatchQueue.concurrentPerform(iterations: names.count) { index in
      do {
        try interruption.check()
        try reader.check(names[index])
        meter.advance(bytes: objects[names[index]]?.size ?? 0, files: 1)
      } catch {
        let problem =
          error as? OperatorError
          ?? OperatorError("object.unreadable", .mismatch, "\(names[index]): \(error)")
        found.withLock { $0.append((index, problem)) }
      }
    }
    return found.withLock { $0.sorted { $0.index < $1.index }.map(\.problem) }
  }
}
