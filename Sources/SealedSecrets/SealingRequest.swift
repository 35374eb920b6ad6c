package import TrustedHardware
internal import Vocabulary

/// What an officer asks a secret to be sealed to.
package struct SealingRequest: Sendable {
  /// The PCRs.
  package let pcrs: PCRChoice
  /// Whether a PIN is asked for.
  package let hasPIN: Bool
  /// What the secret is for.
  package let purpose: SecretPurpose
  /// The counter.
  package let counter: CounterWish

  /// Whether a counter can end the file, and which.
  package enum CounterWish: Sendable, Equatable {
    /// None: the file opens for as long as PCRs and PIN are right.
    case none
    /// That of the file that is replaced; where there is none, a new one, at a handle or at the first
    /// free one.
    case counter(at: UInt32?)
  }

  /// - Throws: `OperatorError` `seal.no-policy`, `counter.bad-index`.
  package init(
    pcrs: PCRChoice, hasPIN: Bool, purpose: SecretPurpose, counter: CounterWish
  ) throws {
    guard hasPIN || !pcrs.indexes.isEmpty else {
      throw OperatorError(
        "seal.no-policy", .usage,
        "without PCRs and without a PIN, whatever is booted on this machine would open the secret",
        hint: "name PCRs with --pcrs, or ask for a PIN with --pin")
    }
    if case .counter(let index?) = counter, !TPMCounter.handles.contains(index) {
      throw OperatorError(
        "counter.bad-index", .usage, "0x\(String(index, radix: 16)) is no handle of an NV index",
        hint: "those of the owner are 0x01800000 to 0x01bfffff")
    }
    self.pcrs = pcrs
    self.hasPIN = hasPIN
    self.purpose = purpose
    self.counter = counter
  }
}
