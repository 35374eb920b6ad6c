package import SecretMemory

/// An event log as firmware writes it, and what it must come to in a TPM; made for proofs, by the
/// specification and without the code that is proven.
package struct EventLogBuilder: Sendable {
  /// The log so far.
  package private(set) var bytes: [UInt8] = []
  /// What was extended so far: PCR and a digest of each bank.
  package private(set) var extended: [(pcr: Int, digests: [HashFunction: [UInt8]])] = []

  private let banks: [HashFunction]
  private let isOldForm: Bool

  /// Starts a log with digests of some banks.
  package init(banks: [HashFunction]) {
    self.banks = banks
    isOldForm = false
    let algorithms = banks.flatMap {
      Self.number($0.algorithm, 2) + Self.number($0.digest(of: []).count, 2)
    }
    let specID =
      Array("Spec ID Event03\0".utf8) + [0, 0, 0, 0, 0, 2, 0, 2]
      + Self.number(banks.count, 4) + algorithms + [0]
    bytes = Self.number(0, 4) + Self.number(3, 4) + [UInt8](repeating: 0, count: 20)
    bytes += Self.number(specID.count, 4) + specID
  }

  /// Starts a log of the old form, with SHA-1 alone.
  package static func oldForm() -> EventLogBuilder { EventLogBuilder() }

  private init() {
    banks = [.sha1]
    isOldForm = true
  }

  /// Adds an event that measured some content.
  package mutating func measure(
    _ content: [UInt8], into pcr: Int, type: Int, saying data: [UInt8]
  ) {
    let digests = banks.map { ($0, $0.digest(of: content)) }
    record(Dictionary(uniqueKeysWithValues: digests), into: pcr, type: type, saying: data)
  }

  /// Adds an event with digests that are given; EV_NO_ACTION extends nothing.
  package mutating func record(
    _ digests: [HashFunction: [UInt8]], into pcr: Int, type: Int, saying data: [UInt8]
  ) {
    bytes += Self.number(pcr, 4) + Self.number(type, 4)
    if !isOldForm { bytes += Self.number(digests.count, 4) }
    for bank in banks {
      guard let digest = digests[bank] else { continue }
      bytes += (isOldForm ? [] : Self.number(bank.algorithm, 2)) + digest
    }
    bytes += Self.number(data.count, 4) + data
    if type != 3 { extended.append((pcr, digests)) }
  }

  /// Says from which locality the TPM was started.
  package mutating func startupLocality(_ locality: UInt8) {
    let zeros = banks.map { ($0, [UInt8](repeating: 0, count: $0.digest(of: []).count)) }
    record(
      Dictionary(uniqueKeysWithValues: zeros), into: 0, type: 3,
      saying: Array("StartupLocality\0".utf8) + [locality])
  }

  /// Measures as GRUB does: a command or a command line, into PCR 8.
  package mutating func grub(_ prefix: String, _ text: String) {
    measure(
      Array(text.utf8), into: 8, type: 0xd, saying: Array("\(prefix): \(text)".utf8) + [0])
  }

  /// Measures as GRUB does: a file that it read, into PCR 9.
  package mutating func grubFile(_ path: String, _ content: [UInt8]) {
    measure(content, into: 9, type: 0xd, saying: Array(path.utf8) + [0])
  }

  /// Measures as the Linux EFI stub does, into PCR 9.
  package mutating func linuxStub(_ tag: Int, _ name: String, _ content: [UInt8]) {
    let name = Array(name.utf8) + [0]
    measure(
      content, into: 9, type: 6, saying: Self.number(tag, 4) + Self.number(name.count, 4) + name)
  }

  /// Measures as systemd-boot and systemd-stub do: load options, into PCR 12.
  package mutating func loadOptions(_ text: String) {
    let written = Self.utf16(text)
    measure(written, into: 12, type: 0xd, saying: written)
  }

  /// Records a PE image that was loaded from a path, by its Authenticode hash, into PCR 4.
  package mutating func image(_ digests: [HashFunction: [UInt8]], path: String?) {
    let file = path.map { Self.utf16($0) } ?? []
    let node = path == nil ? [] : [4, 4] + Self.number(file.count + 4, 2) + file
    let devicePath = node + [0x7f, 0xff, 4, 0]
    let data = [UInt8](repeating: 0, count: 24) + Self.number(devicePath.count, 8) + devicePath
    record(digests, into: 4, type: 0x8000_0003, saying: data)
  }

  /// What firmware measures before any boot loader runs.
  package mutating func firmware() {
    measure([0, 0], into: 0, type: 0x8, saying: [0, 0])
    measure(
      Array("blob".utf8), into: 0, type: 0x8000_0008, saying: [UInt8](repeating: 1, count: 16))
    for pcr in 0..<8 { measure([0, 0, 0, 0], into: pcr, type: 0x4, saying: [0, 0, 0, 0]) }
  }

  /// A text in UTF-16, ended by a zero.
  package static func utf16(_ text: String) -> [UInt8] {
    (Array(text.utf16) + [0]).flatMap { number(Int($0), 2) }
  }

  private static func number(_ value: Int, _ size: Int) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}

extension HashFunction {
  fileprivate var algorithm: Int {
    switch self {
    case .sha1: 4
    case .sha256: 0xb
    case .sha384: 0xc
    case .sha512: 0xd
    }
  }
}

extension SoftwareTPM {
  /// Extends what a log says, in banks that the TPM has.
  package func extend(_ log: EventLogBuilder, in banks: [HashFunction] = [.sha256]) throws {
    for (pcr, digests) in log.extended {
      let parts = banks.compactMap { bank in
        digests[bank].map { "\(bank.rawValue)=\($0.map(Self.hex).joined())" }
      }
      try run("tpm2_pcrextend", "\(pcr):" + parts.joined(separator: ","))
    }
  }

  private static func hex(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }
}
