internal import TrustedHardware

/// What the restore of a header would change of the ways in.
///
/// Keyslots are told apart by what the header says of them, salts included: one that was given a new
/// passphrase is another one, under the same number.
package struct HeaderDifference: Sendable, Equatable, Encodable {
  /// Keyslots of the backup that the device does not have: they would come back to life.
  package let revivedKeyslots: [Int]
  /// Keyslots of the device that the backup does not have: they would be lost.
  package let lostKeyslots: [Int]
  /// Tokens of the backup that the device does not have.
  package let revivedTokens: [Int]
  /// Tokens of the device that the backup does not have.
  package let lostTokens: [Int]

  /// Whether there is none.
  package var isEmpty: Bool { hasSameKeyslots && revivedTokens.isEmpty && lostTokens.isEmpty }

  /// Whether both have the same keyslots.
  package var hasSameKeyslots: Bool { revivedKeyslots.isEmpty && lostKeyslots.isEmpty }

  init(of backup: HeaderBackupFacts, to header: LUKSHeader?) {
    self.init(
      backup.keyslots, backup.tokens, header.map { HeaderBackupFacts.keyslots(of: $0) } ?? [],
      header.map { HeaderBackupFacts.tokens(of: $0) } ?? [])
  }

  init(of backup: LUKSHeader, to header: LUKSHeader?) {
    self.init(
      HeaderBackupFacts.keyslots(of: backup), HeaderBackupFacts.tokens(of: backup),
      header.map { HeaderBackupFacts.keyslots(of: $0) } ?? [],
      header.map { HeaderBackupFacts.tokens(of: $0) } ?? [])
  }

  private init(
    _ keyslots: [HeaderBackupFacts.Keyslot], _ tokens: [HeaderBackupFacts.Token],
    _ present: [HeaderBackupFacts.Keyslot], _ presentTokens: [HeaderBackupFacts.Token]
  ) {
    revivedKeyslots = Set(keyslots).subtracting(present).map(\.number).sorted()
    lostKeyslots = Set(present).subtracting(keyslots).map(\.number).sorted()
    revivedTokens = Set(tokens).subtracting(presentTokens).map(\.number).sorted()
    lostTokens = Set(presentTokens).subtracting(tokens).map(\.number).sorted()
  }
}
