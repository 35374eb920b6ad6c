internal import TrustedHardware
internal import Vocabulary

/// For which systemd a token is written, and what protects it.
package enum TokenProfile: String, Sendable, Codable, CaseIterable {
  /// Opened by systemd 252 to 261: the legacy primary as parent, no salt.
  ///
  /// The parent is not pinned, and a TPM that is locked out opens it no more, PIN or not.
  case compat
  /// As `compat`, with the parent made persistent and pinned: a TPM in between that plays another is
  /// found out by systemd from 254 on; 252 opens it all the same.
  case pinnedCompat = "pinned-compat"
  /// Opened by systemd from 254 on: the storage root key as parent, pinned; the PIN is salted.
  case srk

  /// Whether the PIN is salted.
  var salts: Bool { self == .srk }

  /// Whether systemd 252 opens it.
  package var opensOn252: Bool { self != .srk }

  /// The profile that a token is of; nil where Coffer writes none like it.
  init?(_ token: SystemdTPM2Token) {
    switch token.parent {
    case .legacyPrimary where !token.isSalted: self = .compat
    case .legacyPrimary: return nil
    case .pinned(TokenParent.storageRootKeyHandle, _, _, _): self = .srk
    case .pinned where !token.isSalted: self = .pinnedCompat
    case .pinned: return nil
    }
  }

  /// The parent in a TPM, made persistent where the profile pins it.
  ///
  /// - Throws: `OperatorError` of the kinds that TPMs fail with.
  func parent(in tpm: borrowing TPMConnection) throws -> StorageParent {
    switch self {
    case .compat: .legacyPrimary(.ecc)
    case .pinnedCompat: .persistent(reference: try tpm.persist(.legacyPrimary(.ecc)))
    case .srk: .persistent(reference: try tpm.persist(.storageRootKey))
    }
  }
}
