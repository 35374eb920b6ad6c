internal import TrustedHardware
package import Vocabulary

/// What is known of a header backup without opening it: the plain file beside it.
///
/// Nobody signs it; the custody record holds the same, signed. `docs/formats/header-backup.md`.
package struct HeaderBackupFacts: Sendable, Codable, Equatable {
  /// A keyslot in it.
  package struct Keyslot: Sendable, Codable, Hashable {
    package let number: Int
    /// `luks2`, or `reencrypt`.
    package let type: String
    /// `LUKSKeyslot.fingerprint`.
    package let sha256: SHA256Digest
  }

  /// A token in it.
  package struct Token: Sendable, Codable, Hashable {
    package let number: Int
    package let type: String
    package let keyslots: [Int]
    /// `LUKSToken.fingerprint`.
    package let sha256: SHA256Digest
  }

  /// That it must not be restored any more.
  package struct Expiry: Sendable, Codable, Equatable {
    package let time: Timestamp
    /// Why, one sentence.
    package let reason: String
  }

  static let type = "coffer-luks-header-backup"
  static let format = 1

  package let type: String
  package let version: Int
  /// The volume's UUID.
  package let uuid: String
  /// The path that the volume was opened by.
  package let device: String
  /// When the header was read.
  package let time: Timestamp
  /// `LUKSHeader.volumeKeyDigest`; never nil in what is written.
  package let volumeKeyDigest: SHA256Digest?
  /// SHA-256 of the header's image, the plaintext.
  package let headerSHA256: SHA256Digest
  /// Size of the image in bytes.
  package let headerSize: Int
  /// SHA-256 of the age file.
  package let ageSHA256: SHA256Digest
  /// Size of the age file in bytes.
  package let ageSize: Int
  package let keyslots: [Keyslot]
  package let tokens: [Token]
  /// To whom it is encrypted; `other` for one that cannot be written down, such as a plugin's.
  package let recipients: [String]
  /// Set when a restore of it would do harm.
  package var expired: Expiry?

  init(
    uuid: String, device: String, time: Timestamp, header: LUKSHeader, image: ImageSize,
    sealed: ImageSize, recipients: [String]
  ) {
    type = Self.type
    version = Self.format
    (self.uuid, self.device, self.time) = (uuid, device, time)
    volumeKeyDigest = header.volumeKeyDigest
    (headerSHA256, headerSize) = (image.sha256, image.size)
    (ageSHA256, ageSize) = (sealed.sha256, sealed.size)
    keyslots = Self.keyslots(of: header)
    tokens = Self.tokens(of: header)
    self.recipients = recipients
  }

  /// Bytes by their number and hash.
  struct ImageSize {
    let size: Int
    let sha256: SHA256Digest
  }

  static func keyslots(of header: LUKSHeader) -> [Keyslot] {
    header.keyslots.map { Keyslot(number: $0.number, type: $0.type, sha256: $0.fingerprint) }
  }

  static func tokens(of header: LUKSHeader) -> [Token] {
    header.tokens.map {
      Token(number: $0.number, type: $0.type, keyslots: $0.keyslots, sha256: $0.fingerprint)
    }
  }

  /// Whether they are of this version.
  var isReadable: Bool { type == Self.type && version == Self.format }

  /// Whether a header that was loaded from the backup is the one that is described.
  func describes(_ header: LUKSHeader, uuid: String) -> Bool {
    self.uuid == uuid && volumeKeyDigest == header.volumeKeyDigest
      && keyslots == Self.keyslots(of: header) && tokens == Self.tokens(of: header)
  }
}
