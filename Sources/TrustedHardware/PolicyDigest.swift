internal import SecretMemory
internal import Vocabulary

/// The digest of a TPM policy, worked out without a TPM; SHA-256, as systemd's tokens have it.
///
/// Source: TPM 2.0 Library Specification 1.59, part 3, sections 23.7 (PolicyPCR), 23.9 (PolicyNV),
/// 23.16 (PolicyAuthorize) and 23.18 (PolicyAuthValue).
package struct PolicyDigest: Equatable, Sendable {
  private static let policyPCR: [UInt8] = [0x00, 0x00, 0x01, 0x7f]
  private static let policyNV: [UInt8] = [0x00, 0x00, 0x01, 0x49]
  private static let policyAuthorize: [UInt8] = [0x00, 0x00, 0x01, 0x6a]
  private static let policyAuthValue: [UInt8] = [0x00, 0x00, 0x01, 0x6b]

  /// The digest, 32 bytes; zeros where nothing was asked for yet.
  package private(set) var bytes = [UInt8](repeating: 0, count: 32)

  /// Starts with a policy that asks for nothing.
  package init() {}

  /// Asks that PCRs of a bank have the values given; there is at least one, by index below 24.
  package mutating func requirePCRs(_ values: [Int: [UInt8]], of bank: PCRBank) {
    precondition(!values.isEmpty && values.keys.allSatisfy { (0..<24).contains($0) })
    var bits: [UInt8] = [0, 0, 0]
    for index in values.keys { bits[index / 8] |= 1 << UInt8(index % 8) }
    let hash = [UInt8(bank.algorithm >> 8), UInt8(bank.algorithm & 0xff)]
    let selection: [UInt8] = [0, 0, 0, 1] + hash + [UInt8(bits.count)] + bits
    let joined = values.sorted { $0.key < $1.key }.flatMap(\.value)
    extend(Self.policyPCR + selection + SHA256Hasher.digest(of: joined).bytes)
  }

  /// Asks that a counter has not passed a value.
  package mutating func requireCounter(_ counter: TPMCounter, atMost value: UInt64) {
    // Offset 0, and UNSIGNED_LE: what the counter has is no more than the operand.
    let demand = TPMCounter.bytes(value) + [0, 0] + [0, 9]
    extend(Self.policyNV + SHA256Hasher.digest(of: demand).bytes + counter.name)
  }

  /// Asks for the object's authorization value, a PIN.
  package mutating func requireAuthValue() {
    extend(Self.policyAuthValue)
  }

  /// Asks that a key has signed the policy as it stands, which is forgotten: whatever the key signs
  /// takes its place.
  ///
  /// - Parameters:
  ///   - keyName: the key's name, algorithm included, 34 bytes for SHA-256.
  ///   - ref: the policyRef; systemd's is empty.
  package mutating func authorize(keyName: [UInt8], ref: [UInt8] = []) {
    bytes = [UInt8](repeating: 0, count: 32)
    extend(Self.policyAuthorize + keyName)
    extend(ref)
  }

  private mutating func extend(_ command: [UInt8]) {
    bytes = Array(SHA256Hasher.digest(of: bytes + command).bytes)
  }
}
