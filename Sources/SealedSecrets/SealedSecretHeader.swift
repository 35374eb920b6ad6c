internal import SecretMemory
package import TrustedHardware
package import Vocabulary

/// What a sealed secret says of itself in the clear: what it is for, and what opens it.
///
/// It is authenticated with the secret. `docs/formats/sealed-secret.md`.
package struct SealedSecretHeader: Sendable, Equatable {
  /// More than any of ours has.
  static let largest = 16 << 10
  static let saltSize = 32
  /// More PCRs than a TPM of a PC has would be a lie.
  static let pcrCount = 24

  /// What it is for.
  package let purpose: SecretPurpose
  /// When it was sealed.
  package let created: Timestamp
  /// The bank of the PCRs; nil where it is sealed to none.
  package let bank: PCRBank?
  /// The PCR values that it is sealed to, by index.
  package let values: [Int: [UInt8]]
  /// The salt of the PIN, 32 bytes; nil where there is no PIN.
  package let salt: [UInt8]?
  /// The counter that ends it; nil where it has none.
  package let counter: CounterLimit?
  /// The sealed key: TPM2B_PRIVATE and TPM2B_PUBLIC.
  let blob: [UInt8]
  /// The parent in the TPM, as ESAPI refers to it, its name among it.
  let parent: [UInt8]

  /// A counter, and the last value at which the secret is given.
  package struct CounterLimit: Sendable, Equatable {
    package let counter: TPMCounter
    package let value: UInt64

    package init(_ counter: TPMCounter, value: UInt64) {
      self.counter = counter
      self.value = value
    }
  }

  /// Whether a PIN is asked for.
  package var hasPIN: Bool { salt != nil }

  /// The policy's digest, worked out from the rest.
  package var policy: PolicyDigest {
    Self.policy(bank: bank, values: values, counter: counter, hasPIN: hasPIN)
  }

  /// The policy, step by step.
  var steps: [PolicyStep] {
    var steps: [PolicyStep] = []
    if let bank { steps.append(.pcrs(Set(values.keys), bank)) }
    if let counter { steps.append(.counter(counter.counter, atMost: counter.value)) }
    if hasPIN { steps.append(.authValue) }
    return steps
  }

  static func policy(
    bank: PCRBank?, values: [Int: [UInt8]], counter: CounterLimit?, hasPIN: Bool
  ) -> PolicyDigest {
    var policy = PolicyDigest()
    if let bank { policy.requirePCRs(values, of: bank) }
    if let counter { policy.requireCounter(counter.counter, atMost: counter.value) }
    if hasPIN { policy.requireAuthValue() }
    return policy
  }
}

extension SealedSecretHeader {
  /// The line that a file has of it: JSON, keys sorted, without a line end.
  func line() throws -> [UInt8] { try JSONDocument.line(Written(self)) }

  /// Reads the line; nil where it is not byte for byte what `line` writes.
  init?(line: [UInt8]) {
    guard line.count <= Self.largest,
      let written = try? JSONDocument.decode(Written.self, from: line),
      let header = written.header, let canonical = try? header.line(), canonical == line
    else { return nil }
    self = header
  }

  /// The header as it is written.
  private struct Written: Codable {
    let blob: String
    let counter: Counter?
    let created: Timestamp
    let parent: String
    let pcrs: PCRs?
    let pin: PIN?
    let policy: String
    let purpose: SecretPurpose

    struct Counter: Codable {
      let index: String
      let name: String
      let value: UInt64
    }

    struct PCRs: Codable {
      let bank: PCRBank
      let indexes: [Int]
      let values: [String]
    }

    struct PIN: Codable {
      let salt: String
    }

    init(_ header: SealedSecretHeader) {
      blob = Base64.encode(header.blob, padding: .required)
      counter = header.counter.map {
        Counter(
          index: Hexadecimal.encode($0.counter.handleBytes),
          name: Hexadecimal.encode($0.counter.name), value: $0.value)
      }
      created = header.created
      parent = Base64.encode(header.parent, padding: .required)
      pcrs = header.bank.map { bank in
        let indexes = header.values.keys.sorted()
        return PCRs(
          bank: bank, indexes: indexes,
          values: indexes.compactMap { header.values[$0] }.map { Hexadecimal.encode($0) })
      }
      pin = header.salt.map { PIN(salt: Base64.encode($0, padding: .required)) }
      policy = Hexadecimal.encode(header.policy.bytes)
      purpose = header.purpose
    }

    /// What it says; nil where something in it cannot be.
    ///
    /// That policy and counter's name are those of the rest is seen when it is written again.
    var header: SealedSecretHeader? {
      guard let blob = Self.bytes(blob), let parent = Self.bytes(parent) else { return nil }
      var values: [Int: [UInt8]] = [:]
      if let pcrs {
        guard !pcrs.indexes.isEmpty, pcrs.indexes.count == pcrs.values.count else { return nil }
        for (index, text) in zip(pcrs.indexes, pcrs.values) {
          guard (0..<SealedSecretHeader.pcrCount).contains(index),
            let value = Hexadecimal.decode(text), value.count == pcrs.bank.digestSize,
            values.updateValue(value, forKey: index) == nil
          else { return nil }
        }
      }
      var limit: CounterLimit?
      if let counter {
        guard let index = UInt32(counter.index, radix: 16), TPMCounter.handles.contains(index)
        else { return nil }
        limit = CounterLimit(TPMCounter(index: index), value: counter.value)
      }
      var salt: [UInt8]?
      if let pin {
        guard let bytes = Self.bytes(pin.salt), bytes.count == SealedSecretHeader.saltSize
        else { return nil }
        salt = bytes
      }
      guard pcrs != nil || salt != nil else { return nil }
      return SealedSecretHeader(
        purpose: purpose, created: created, bank: pcrs?.bank, values: values, salt: salt,
        counter: limit, blob: blob, parent: parent)
    }

    private static func bytes(_ text: String) -> [UInt8]? {
      Base64.decode(text, padding: .required)
    }
  }
}

extension TPMCounter {
  fileprivate var handleBytes: [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: index >> (24 - 8 * $0)) }
  }
}
