package import SystemPackage
internal import TrustedHardware
internal import Vocabulary

/// systemd's log of what it measured after the firmware's was closed.
///
/// Records of a form that is not known are an error; such of NV indexes are passed over.
///
/// Source: systemd, `src/shared/tpm2-util.c`, `tpm2_userspace_log`, v255 and later: RFC 7464 text
/// sequences of records as in the TCG Canonical Event Log Format 1.0, section 5.2.
package struct UserspaceLog: Sendable {
  /// Where systemd writes it.
  package static let defaultPath: FilePath = "/run/log/systemd/tpm2-measure.log"

  /// What was extended, in its order.
  let records: [Record]

  struct Record: Sendable {
    let event: MeasuredEvent
    /// The word that was measured at a phase of the boot; nil for other things.
    let phase: String?
  }

  private static let largest = 16 << 20

  /// Reads a log from a file; nil where there is none, as before systemd 255.
  ///
  /// - Throws: `OperatorError` `eventlog.unreadable`, `eventlog.malformed`.
  package init?(_ path: FilePath) throws {
    let bytes: [UInt8]
    do {
      bytes = try BootFile.bytes(of: path, atMost: Self.largest)
    } catch .noSuchFileOrDirectory {
      return nil
    } catch {
      throw OperatorError("eventlog.unreadable", .failed, "cannot read \(path): \(error)")
    }
    try self.init(bytes, of: path.string)
  }

  /// Reads a log that is all there.
  ///
  /// - Throws: `OperatorError` `eventlog.malformed`.
  package init(_ bytes: [UInt8], of source: String) throws {
    let pieces = bytes.split(separator: 0x1e, omittingEmptySubsequences: false)
    guard pieces.first?.isEmpty == true else {
      throw Self.malformed(source, "it does not begin with a record")
    }
    records = try pieces.dropFirst().enumerated().compactMap { number, piece in
      guard let value = try? JSONDocument.decode(JSONValue.self, from: Array(piece)),
        case .object(let fields) = value
      else { throw Self.malformed(source, "record \(number) is no JSON object") }
      if fields["pcr"] == nil, fields.keys.contains(where: { $0.hasPrefix("nv") }) { return nil }
      guard let record = Record(fields) else {
        throw Self.malformed(source, "record \(number) has no PCR, or no digests")
      }
      return record
    }
  }

  private static func malformed(_ source: String, _ why: String) -> OperatorError {
    OperatorError(
      "eventlog.malformed", .mismatch, "\(source) is no log as systemd writes it: \(why)")
  }
}

extension UserspaceLog.Record {
  fileprivate init?(_ fields: [String: JSONValue]) {
    guard case .integer(let pcr)? = fields["pcr"], (0..<24).contains(pcr),
      case .list(let list)? = fields["digests"], !list.isEmpty
    else { return nil }
    var digests: [PCRBank: [UInt8]] = [:]
    for case .object(let digest) in list {
      guard case .text(let name)? = digest["hashAlg"], case .text(let hex)? = digest["digest"],
        let bytes = Hexadecimal.decode(hex)
      else { return nil }
      guard let bank = PCRBank(rawValue: name) else { continue }
      guard bytes.count == bank.digestSize, digests.updateValue(bytes, forKey: bank) == nil else {
        return nil
      }
    }
    event = MeasuredEvent(pcr: pcr, type: .bootLoader, digests: digests, data: [])
    phase = BootPhase.word(of: fields["content"])
  }
}
