package import TrustedHardware

/// A token of a volume, as far as Coffer understands it.
package struct VolumeToken: Sendable, Encodable {
  /// Its number, 0 to 31.
  package let number: Int
  /// Its type as it is written, `systemd-tpm2` for example.
  package let type: String
  /// The keyslots that it opens.
  package let keyslots: [Int]
  /// What it is to Coffer.
  package let kind: Kind

  /// What a token is to Coffer.
  package enum Kind: Sendable {
    /// A secret that a TPM seals.
    case systemdTPM2(SystemdTPM2Token)
    /// Type `systemd-tpm2`, but not as systemd writes it.
    case unreadable
    /// Marks the keyslot of a recovery key, which is typed.
    case systemdRecovery
    /// Coffer's own, which says that a change is begun and not ended.
    case pending(PendingChange)
    /// Somebody else's, shown and left alone.
    case foreign
  }

  package init(_ token: LUKSToken) {
    (number, type, keyslots) = (token.number, token.type, token.keyslots)
    kind =
      switch token.type {
      case "systemd-tpm2": SystemdTPM2Token(token.json).map { .systemdTPM2($0) } ?? .unreadable
      case "systemd-recovery": .systemdRecovery
      case PendingChange.type: PendingChange(token).map { .pending($0) } ?? .unreadable
      default: .foreign
      }
  }

  /// What the TPM sealed; nil for other tokens.
  package var tpm2: SystemdTPM2Token? {
    if case .systemdTPM2(let token) = kind { token } else { nil }
  }

  /// Whether it opens nothing without a TPM; clevis may need one, and does not say so.
  package var mayNeedTPM: Bool { type == "systemd-tpm2" || type == "clevis" }

  /// Whether it is one of those that Coffer writes for systemd.
  var isSystemds: Bool {
    switch kind {
    case .systemdTPM2, .systemdRecovery: true
    case .unreadable, .pending, .foreign: false
    }
  }

  /// The kind in one word, for JSON.
  package var kindName: String {
    switch kind {
    case .systemdTPM2: "systemd-tpm2"
    case .unreadable: "unreadable"
    case .systemdRecovery: "systemd-recovery"
    case .pending: "pending"
    case .foreign: "foreign"
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Field.self)
    try fields.encode(number, forKey: .number)
    try fields.encode(type, forKey: .type)
    try fields.encode(kindName, forKey: .kind)
    try fields.encode(keyslots, forKey: .keyslots)
    try fields.encodeIfPresent(tpm2, forKey: .tpm2)
  }

  private enum Field: CodingKey {
    case number, type, kind, keyslots, tpm2
  }
}
