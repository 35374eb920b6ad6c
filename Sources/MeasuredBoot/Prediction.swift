package import TrustedHardware
internal import Vocabulary

/// The PCR values of a boot to come: those of the last one, with components replaced.
///
/// A component is replaced where the log has its digest, and the rest of the log is taken to happen
/// again. What would be a guess is refused.
package struct Prediction: Sendable {
  /// The bank of all values.
  package let bank: PCRBank
  /// The PCRs that are asked for; only what concerns them can be refused.
  package let pcrs: Set<Int>
  /// What was replaced, in the order in which it was.
  package private(set) var replacements: [Replacement] = []

  /// One digest in place of another.
  package struct Replacement: Sendable, Equatable, Encodable {
    /// What was replaced: `kernel`, `initrd`, `command line`, a path.
    package let component: String
    /// In which PCR.
    package let pcr: Int
  }

  /// A measurement, with the digest that is to be expected of it.
  struct Measurement {
    let event: MeasuredEvent
    let what: EventDescription?
    var digest: [UInt8]?
  }

  private(set) var measurements: [Measurement]
  private let startupLocality: UInt8
  private let missingWords: [String]
  /// PCRs whose value is given, and not predicted from the log.
  private var given: [Int: [UInt8]] = [:]

  /// Starts from the last boot, as it was when a phase of it was reached.
  ///
  /// - Parameters:
  ///   - record: the logs; `BootRecord.check` was done.
  ///   - bank: of which values are wanted.
  ///   - pcrs: which.
  ///   - phase: when the volume is to be opened.
  /// - Throws: `OperatorError` `eventlog.no-bank`.
  package init(
    _ record: BootRecord, _ bank: PCRBank, pcrs: Set<Int>, until phase: BootPhase
  ) throws {
    _ = try record.firmware.replay(bank)
    let (events, missing) = record.events(until: phase)
    measurements = events.map {
      Measurement(event: $0, what: EventDescription($0), digest: $0.digests[bank])
    }
    missingWords = missing
    startupLocality = record.firmware.startupLocality
    self.bank = bank
    self.pcrs = pcrs
  }

  /// The values.
  ///
  /// - Throws: `OperatorError` `predict.incomplete` where the log lacks a digest of one.
  package func values() throws -> [Int: [UInt8]] {
    var replay = Replay(bank, startupLocality: startupLocality)
    for measurement in measurements { replay.extend(measurement.event.pcr, by: measurement.digest) }
    for word in missingWords {
      replay.extend(BootRecord.kernelImagePCR, by: bank.digest(of: Array(word.utf8)))
    }
    return try Dictionary(
      uniqueKeysWithValues: pcrs.map { index in
        guard let value = given[index] ?? replay.values[index] else {
          throw OperatorError(
            "predict.incomplete", .mismatch, "the event log lacks a digest of PCR \(index)")
        }
        return (index, value)
      })
  }

  /// Takes a value that is not to be predicted from the log.
  mutating func give(_ index: Int, _ value: [UInt8], of component: String) {
    given[index] = value
    replacements.append(Replacement(component: component, pcr: index))
  }

  /// Replaces what is of a kind and has a digest, wherever the log has it.
  ///
  /// - Returns: how many measurements were replaced.
  @discardableResult mutating func replace(
    _ component: String, by new: [UInt8],
    where isIt: (Measurement) -> Bool
  ) -> Int {
    let places = measurements.indices.filter { isIt(measurements[$0]) }
    for place in places {
      measurements[place].digest = new
      let done = Replacement(component: component, pcr: measurements[place].event.pcr)
      if !replacements.contains(done) { replacements.append(done) }
    }
    return places.count
  }

  /// Whether a PCR was asked for and something of a kind was measured into it, with another digest
  /// than one that is expected now.
  func isStale(_ pcr: Int, _ current: [[UInt8]], where isIt: (Measurement) -> Bool) -> Bool {
    pcrs.contains(pcr)
      && measurements.contains { measurement in
        measurement.event.pcr == pcr && isIt(measurement)
          && !current.contains { $0 == measurement.digest }
      }
  }

  /// The refusal of a component that no event measured.
  static func notMeasured(_ component: String, hint: String) -> OperatorError {
    OperatorError(
      "predict.not-measured", .mismatch, "no event of the log measured the old \(component)",
      hint: hint)
  }
}
