/// What a TPM says of itself.
///
/// Source: TPM 2.0 Library Specification 1.59, part 2, sections 6.13 (TPM_PT) and 8.6
/// (TPMA_PERMANENT).
package struct TPMProperties: Sendable, Equatable {
  /// The vendor's id, up to four letters: `IBM`, `INTC`, `STM`.
  package let manufacturer: String
  /// The firmware's two version words in hexadecimal.
  package let firmware: String
  /// Whether the owner hierarchy has an authorization value.
  package let ownerAuthSet: Bool
  /// Whether the endorsement hierarchy has one.
  package let endorsementAuthSet: Bool
  /// Whether there is one for resetting the lockout.
  package let lockoutAuthSet: Bool
  /// How far it is from a lockout.
  package let lockout: Lockout

  /// The protection against dictionary attacks.
  package struct Lockout: Sendable, Equatable, Encodable {
    /// Whether it refuses whatever counts tries.
    package let isLockedOut: Bool
    /// The tries that failed and are not forgotten yet.
    package let failedTries: Int
    /// How many lead to a lockout.
    package let maximumTries: Int
    /// After how many seconds one failed try is forgotten; 0 where it never counts.
    package let recoveryTime: Int
    /// For how many seconds lockoutAuth is refused after it was given wrongly; 0: until a restart.
    package let lockoutRecovery: Int

    /// How many tries are left.
    package var triesLeft: Int { isLockedOut ? 0 : max(0, maximumTries - failedTries) }
  }
}
