package import TrustedHardware
internal import Vocabulary

/// What is known of the last boot: the firmware's log, and systemd's where there is one.
package struct BootRecord: Sendable {
  package let firmware: EventLog
  package let userspace: UserspaceLog?

  package init(_ firmware: EventLog, _ userspace: UserspaceLog?) {
    self.firmware = firmware
    self.userspace = userspace
  }

  /// What the PCRs of a bank hold when everything in both logs was extended.
  ///
  /// - Throws: `OperatorError` `eventlog.no-bank`.
  package func replay(_ bank: PCRBank) throws -> [Int: [UInt8]] {
    _ = try firmware.replay(bank)
    var replay = Replay(bank, startupLocality: firmware.startupLocality)
    let events = firmware.events + (userspace?.records.map(\.event) ?? [])
    for event in events { replay.extend(event.pcr, by: event.digests[bank]) }
    return replay.values
  }

  /// Checks that the logs explain what the TPM holds.
  ///
  /// systemd before 255 keeps no log: PCR 11 may be further, by words that it measures.
  ///
  /// - Parameters:
  ///   - live: the values that the TPM told, by index.
  ///   - bank: of which bank.
  /// - Throws: `OperatorError` `eventlog.mismatch`, which names the PCRs; `eventlog.no-bank`.
  package func check(_ live: [Int: [UInt8]], _ bank: PCRBank) throws {
    let replay = try replay(bank)
    let wrong = live.filter { index, value in
      guard let replayed = replay[index] else { return true }
      guard replayed != value, index == BootRecord.kernelImagePCR else { return replayed != value }
      return !isFurther(value, than: replayed, bank)
    }
    guard wrong.isEmpty else {
      let names = wrong.keys.sorted().map(String.init).joined(separator: ", ")
      throw OperatorError(
        "eventlog.mismatch", .mismatch,
        "the event log does not explain the TPM's PCR \(names), of the \(bank.rawValue) bank",
        hint: "something was measured that no log tells of, or the log is another boot's; "
          + "predict without these PCRs")
    }
  }

  /// The PCR that systemd-stub and the phases of the boot go to.
  static let kernelImagePCR = 11

  private func isFurther(_ value: [UInt8], than replayed: [UInt8], _ bank: PCRBank) -> Bool {
    guard firmware.events.contains(where: { $0.pcr == Self.kernelImagePCR }) else { return false }
    var reached = replayed
    for word in BootPhase.words {
      reached = bank.extend(reached, by: bank.digest(of: Array(word.utf8)))
      if reached == value { return true }
    }
    return false
  }

  /// The events until a phase of the boot is reached, with those words of it that no log has.
  func events(until phase: BootPhase) -> (events: [MeasuredEvent], missing: [String]) {
    var events = firmware.events
    var records = (userspace?.records ?? [])[...]
    var missing = phase.path[...]
    while let word = missing.first, let place = records.firstIndex(where: { $0.phase == word }) {
      events += records[...place].map(\.event)
      records = records[(place + 1)...]
      missing = missing.dropFirst()
    }
    // Without a stub there are no phases: systemd measures them only where PCR 11 is in use.
    let isMeasured = events.contains { $0.pcr == Self.kernelImagePCR }
    return (events, isMeasured ? Array(missing) : [])
  }
}
