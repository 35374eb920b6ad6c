import AgeFormat
import Dispatch
import Repository
import Synchronization
import Vocabulary

/// Checks size and SHA-256 of many objects on all cores.
struct ObjectSweep {
  private let reader: ObjectReader
  private let identities: [any Identity]
  private let meter: ProgressMeter
  private let interruption: Interruption

  /// Prepares to check.
  ///
  /// - Parameters:
  ///   - reader: knows what the objects must be.
  ///   - identities: open what an officer rewrapped.
  ///   - meter: hears how far it is.
  ///   - interruption: ends it.
  init(
    _ reader: ObjectReader, with identities: [any Identity], meter: ProgressMeter,
    interruption: Interruption
  ) {
    self.reader = reader
    self.identities = identities
    self.meter = meter
    self.interruption = interruption
  }

  /// Every object that is not what the ledger says, or could not be checked, in the order of names.
  func problems() -> [OperatorError] {
    let objects = reader.needed.objects
    let names = objects.keys.sorted()
    meter.begin("objects", total: reader.needed.summary.bytes)
    let found = Mutex<[(index: Int, problem: OperatorError)]>([])
    DispatchQueue.concurrentPerform(iterations: names.count) { index in
      do {
        try interruption.check()
        try reader.check(names[index], with: identities)
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
