package import Vocabulary

/// One keyslot: the volume key, encrypted under a passphrase.
///
/// Source: LUKS2 On-Disk Format Specification 1.1.3, section 3.2.
package struct LUKSKeyslot: Sendable, Encodable {
  /// Its number, 0 to 31.
  package let number: Int
  /// What it holds: `luks2` a key, `reencrypt` the progress of a reencryption.
  package let type: String
  /// What it opens.
  package let state: KeyslotState
  /// The size of the key in it, in bytes.
  package let keySize: Int
  /// How a passphrase becomes the key that encrypts it; nil for `reencrypt`.
  package let kdf: KeyDerivation?
  /// When it is tried.
  package let priority: Priority
  /// SHA-256 of what the header says of it but for its priority, salts included: equal where two
  /// keyslots of that number are the same one.
  package let fingerprint: SHA256Digest

  /// Whether it opens the volume.
  package var opensVolume: Bool {
    type == "luks2" && (state == .active || state == .lastActive)
  }

  /// When a keyslot is tried.
  package enum Priority: String, Sendable, Encodable {
    /// Only where it is named.
    case ignore
    /// After those that are preferred.
    case normal
    /// First.
    case prefer
  }

  init(number: Int, state: KeyslotState, _ written: Written, _ fingerprint: SHA256Digest) {
    self.number = number
    self.fingerprint = fingerprint
    self.state = state
    (type, keySize, kdf) = (written.type, written.key_size, written.kdf)
    priority =
      switch written.priority {
      case 0: .ignore
      case 2: .prefer
      default: .normal
      }
  }

  /// A keyslot as it is written.
  struct Written: Decodable {
    let type: String
    let key_size: Int
    let kdf: KeyDerivation?
    let priority: Int?
  }
}

/// What a keyslot opens.
package enum KeyslotState: String, Sendable, Codable {
  /// The volume.
  case active
  /// The volume, as the only one.
  case lastActive = "last-active"
  /// A key that is not the volume's.
  case unbound
  /// Nothing: it is not in use.
  case inactive
  /// Nothing that libcryptsetup knows.
  case invalid
}

/// A password-based key derivation function, and its cost.
package struct KeyDerivation: Sendable, Codable, Equatable {
  /// `pbkdf2`, `argon2i` or `argon2id`.
  package let type: String
  /// The hash of PBKDF2.
  package let hash: String?
  /// The iterations of PBKDF2.
  package let iterations: Int?
  /// The passes of Argon2.
  package let time: Int?
  /// The memory of Argon2, in KiB.
  package let memory: Int?
  /// The lanes of Argon2.
  package let cpus: Int?

  /// Whether it costs next to nothing, as is right for a random secret and wrong for a passphrase.
  ///
  /// `systemd-cryptenroll` writes PBKDF2 of 1000 iterations, the least that libcryptsetup takes.
  package var isMinimal: Bool { type == "pbkdf2" && (iterations ?? 0) <= 1000 }
}
