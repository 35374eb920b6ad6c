import CustodyRecords
import SealedSecrets
import SystemPackage
import TrustedHardware
import Vocabulary

/// What `seal` says it has done.
struct SealingReport: Encodable {
  let event = "sealed"
  let file: String
  let sha256: SHA256Digest
  let terms: SealingTerms
  let replaced: String?
  /// Whether what was replaced opens no more.
  let closed: Bool
  let record: RecordHead

  init(
    _ sealed: SealedSecret, at file: String, replaced: String?, _ former: SealedSecret?,
    _ record: RecordHead
  ) {
    self.file = file
    sha256 = sealed.sha256
    terms = SealingTerms(sealed)
    self.replaced = replaced
    closed = former?.header.counter != nil
    self.record = record
  }

  /// The same for people.
  var lines: [String] {
    var lines = ["\(file): sealed, read back and opened", "  purpose       \(terms.purpose)"]
    if let bank = terms.bank {
      lines.append("  PCRs          \(bank):\(terms.pcrs.map(String.init).joined(separator: "+"))")
    }
    lines.append("  PIN           \(terms.pin ? "yes" : "no")")
    lines.append(
      "  counter       " + (terms.counter.map { "\($0.index) at \($0.value)" } ?? "none"))
    if let replaced {
      lines.append("  replaces      \(replaced)\(closed ? ", which opens no more" : "")")
    }
    lines.append("  record        entry \(record.sequence), \(record.sha256)")
    return lines
  }
}

/// What opens a sealed secret, as results and the custody record have it.
struct SealingTerms: Encodable {
  let purpose: String
  let bank: String?
  let pcrs: [Int]
  let pin: Bool
  let policy: String
  let counter: Counter?

  init(_ sealed: SealedSecret) {
    let header = sealed.header
    purpose = header.purpose.rawValue
    bank = header.bank?.rawValue
    pcrs = header.values.keys.sorted()
    pin = header.hasPIN
    policy = Hexadecimal.encode(header.policy.bytes)
    counter = header.counter.map {
      Counter(index: "0x0" + String($0.counter.index, radix: 16), value: $0.value)
    }
  }

  struct Counter: Encodable {
    let index: String
    let value: UInt64
  }
}
