package import SystemPackage
package import TrustedHardware
internal import Vocabulary

/// The firmware's log of what it and the boot loaders measured into the TPM.
///
/// Both forms are read: with digests of several banks, and the old one with SHA-1 alone. Nothing in a
/// log is to be trusted until its replay agrees with the TPM.
///
/// Source: TCG PC Client Platform Firmware Profile 1.05, section 10.2 (TCG_PCR_EVENT and
/// TCG_PCR_EVENT2) and section 10.4.5 (Spec ID Event03, StartupLocality).
package struct EventLog: Sendable {
  /// Where Linux shows it.
  package static let defaultPath: FilePath =
    "/sys/kernel/security/tpm0/binary_bios_measurements"

  /// The events that extended a PCR, in their order.
  package let events: [MeasuredEvent]
  /// The banks that the log has digests of.
  package let banks: [PCRBank]
  /// The locality that the TPM was started from: 0, 3, or 4 where a dynamic root measured before.
  package let startupLocality: UInt8

  /// A log is some 100 KiB; more than this is none.
  private static let largest = 16 << 20

  /// Reads a log from a file.
  ///
  /// - Throws: `OperatorError` `eventlog.missing`, `eventlog.unreadable`, `eventlog.malformed`.
  package init(_ path: FilePath) throws {
    let bytes: [UInt8]
    do {
      bytes = try BootFile.bytes(of: path, atMost: Self.largest)
    } catch .noSuchFileOrDirectory {
      throw OperatorError(
        "eventlog.missing", .missingProgram, "there is no event log \(path)",
        hint: "what was started without EFI, as by 'qemu -kernel', or with firmware that does not "
          + "know the TPM, measured nothing")
    } catch {
      throw OperatorError("eventlog.unreadable", .failed, "cannot read \(path): \(error)")
    }
    try self.init(bytes, of: path.string)
  }

  /// Reads a log that is all there.
  ///
  /// - Parameters:
  ///   - bytes: the log.
  ///   - source: what it was read from, for the error.
  /// - Throws: `OperatorError` `eventlog.malformed`.
  package init(_ bytes: [UInt8], of source: String) throws {
    var reading = EventLogReading(bytes, source)
    try reading.finish()
    (events, banks, startupLocality) = (reading.events, reading.banks, reading.startupLocality)
  }

  /// What the PCRs of a bank hold when everything in the log was extended.
  ///
  /// - Returns: all 24, those that nothing was measured into as a reset leaves them; without those
  ///   that an event lacks a digest for.
  /// - Throws: `OperatorError` `eventlog.no-bank`.
  package func replay(_ bank: PCRBank) throws -> [Int: [UInt8]] {
    guard banks.contains(bank) else {
      throw OperatorError(
        "eventlog.no-bank", .mismatch,
        "the event log has no \(bank.rawValue) digests, only "
          + banks.map(\.rawValue).joined(separator: ", "))
    }
    var replay = Replay(bank, startupLocality: startupLocality)
    for event in events { replay.extend(event.pcr, by: event.digests[bank]) }
    return replay.values
  }
}

/// PCRs of a bank, extended in software.
struct Replay {
  let bank: PCRBank
  private(set) var values: [Int: [UInt8]]

  init(_ bank: PCRBank, startupLocality: UInt8) {
    self.bank = bank
    values = Dictionary(uniqueKeysWithValues: (0..<24).map { ($0, bank.reset(of: $0)) })
    values[0]?[bank.digestSize - 1] = startupLocality
  }

  /// Extends a PCR; by a digest that is not known its value is lost.
  mutating func extend(_ index: Int, by digest: [UInt8]?) {
    guard let value = values[index] else { return }
    values[index] = digest.map { bank.extend(value, by: $0) }
  }
}
