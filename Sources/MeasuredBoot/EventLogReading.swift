internal import TrustedHardware
internal import Vocabulary

/// An event log while it is read, from the first record to the last.
struct EventLogReading {
  private static let specID = Array("Spec ID Event03\0".utf8)
  private static let locality = Array("StartupLocality\0".utf8)
  private static let mostAlgorithms = 16

  private let source: String
  private var cursor: BinaryCursor
  /// The size of the digests of each algorithm that the log declares; nil for the old form.
  private var sizes: [UInt16: Int]?

  private(set) var events: [MeasuredEvent] = []
  private(set) var banks: [PCRBank] = [.sha1]
  private(set) var startupLocality: UInt8 = 0

  init(_ bytes: [UInt8], _ source: String) {
    self.source = source
    cursor = BinaryCursor(bytes)
  }

  /// Reads to the end.
  ///
  /// - Throws: `OperatorError` `eventlog.malformed`.
  mutating func finish() throws {
    guard cursor.left > 0 else { throw malformed("it is empty") }
    let first = try shortRecord()
    if first.type == .noAction, first.data.starts(with: Self.specID) {
      try declare(first.data)
    } else {
      try keep(first)
    }
    while cursor.left > 0 {
      try keep(sizes == nil ? shortRecord() : record())
    }
  }

  private struct Record {
    let pcr: UInt32
    let type: EventType
    let digests: [PCRBank: [UInt8]]
    let data: [UInt8]
  }

  private mutating func keep(_ record: Record) throws {
    guard record.type != .noAction else {
      if record.pcr == 0, record.data.starts(with: Self.locality) { try note(record.data) }
      return
    }
    guard record.pcr < 24 else { throw malformed("PCR \(record.pcr) is none") }
    events.append(
      MeasuredEvent(
        pcr: Int(record.pcr), type: record.type, digests: record.digests, data: record.data))
  }

  /// The locality begins PCR 0, so that it must be told before anything goes there.
  private mutating func note(_ data: [UInt8]) throws {
    guard data.count == Self.locality.count + 1, let locality = data.last,
      [0, 3, 4].contains(locality), !events.contains(where: { $0.pcr == 0 })
    else { throw malformed("a StartupLocality is not as it must be") }
    startupLocality = locality
  }

  /// TCG_PCR_EVENT.
  private mutating func shortRecord() throws -> Record {
    guard let pcr = cursor.take(UInt32.self), let type = cursor.take(UInt32.self),
      let digest = cursor.take(PCRBank.sha1.digestSize), let size = cursor.takeSize(),
      let data = cursor.take(size)
    else { throw malformed("a record is cut off") }
    return Record(
      pcr: pcr, type: EventType(rawValue: type), digests: [.sha1: Array(digest)], data: Array(data))
  }

  /// TCG_PCR_EVENT2.
  private mutating func record() throws -> Record {
    guard let pcr = cursor.take(UInt32.self), let type = cursor.take(UInt32.self),
      let count = cursor.takeSize()
    else { throw malformed("a record is cut off") }
    guard let sizes, count <= sizes.count else {
      throw malformed("a record has \(count) digests")
    }
    var digests: [PCRBank: [UInt8]] = [:]
    var seen: Set<UInt16> = []
    for _ in 0..<count {
      guard let algorithm = cursor.take(UInt16.self) else {
        throw malformed("a record is cut off")
      }
      guard let size = sizes[algorithm], seen.insert(algorithm).inserted else {
        throw malformed("a record has a digest of algorithm \(algorithm), undeclared or twice")
      }
      guard let digest = cursor.take(size) else { throw malformed("a digest is cut off") }
      if let bank = PCRBank(algorithm: algorithm) { digests[bank] = Array(digest) }
    }
    guard let size = cursor.takeSize(), let data = cursor.take(size) else {
      throw malformed("a record is cut off")
    }
    return Record(
      pcr: pcr, type: EventType(rawValue: type), digests: digests, data: Array(data))
  }

  /// TCG_EfiSpecIdEvent: which algorithms the records have digests of.
  private mutating func declare(_ data: [UInt8]) throws {
    var fields = BinaryCursor(data)
    // Signature, platform class, version, errata, size of an integer.
    guard fields.skip(Self.specID.count + 4 + 4), let count = fields.takeSize(),
      (1...Self.mostAlgorithms).contains(count)
    else { throw malformed("its first record declares no algorithms") }
    var sizes: [UInt16: Int] = [:]
    banks = []
    for _ in 0..<count {
      guard let algorithm = fields.take(UInt16.self), let size = fields.take(UInt16.self) else {
        throw malformed("its first record is cut off")
      }
      let bank = PCRBank(algorithm: algorithm)
      guard size > 0, bank == nil || bank?.digestSize == Int(size),
        sizes.updateValue(Int(size), forKey: algorithm) == nil
      else { throw malformed("algorithm \(algorithm) is declared twice, or with a wrong size") }
      if let bank { banks.append(bank) }
    }
    guard let size = fields.take(UInt8.self), fields.skip(Int(size)), fields.left == 0 else {
      throw malformed("its first record ends elsewhere than it says")
    }
    banks.sort()
    self.sizes = sizes
  }

  private func malformed(_ why: String) -> OperatorError {
    OperatorError(
      "eventlog.malformed", .mismatch,
      "\(source) is no event log as the TCG has it: \(why), before byte \(cursor.offset)")
  }
}

extension PCRBank {
  init?(algorithm: UInt16) {
    guard let bank = Self.allCases.first(where: { $0.algorithm == algorithm }) else { return nil }
    self = bank
  }
}
