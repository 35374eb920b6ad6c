internal import SecretMemory
internal import Vocabulary

/// An Ed25519 key of SSH, and what age makes of it.
///
/// RFC 8709 for the key; the stanza is that of age's own source, agessh.
struct SSHPublicKey: Hashable, Sendable {
  static let type = "ssh-ed25519"
  static let stanzaInfo = "age-encryption.org/v1/ssh-ed25519"
  private static let fingerprintSize = 4

  /// The key as SSH sends it: type and 32 bytes, each with its length before it.
  let wire: [UInt8]
  /// The same point on Curve25519.
  let point: [UInt8]

  /// Takes the 32 bytes of a key; nil where they are no key.
  init?(_ publicKey: [UInt8]) {
    guard let point = Ed25519.montgomeryPoint(of: publicKey) else { return nil }
    wire = SSHWire.string(Array(Self.type.utf8)) + SSHWire.string(publicKey)
    self.point = point
  }

  /// Takes a key as SSH sends it; nil where it is none of this type.
  init?(wire: [UInt8]) {
    var place = SSHWire()
    let key: [UInt8]? = wire.withBytes { wire in
      guard let type = place.string(in: wire), SSHWire.equal(wire, type, Self.type),
        let key = place.string(in: wire), place.offset == wire.byteCount
      else { return nil }
      return wire.extracting(key).copied()
    }
    guard let key else { return nil }
    self.init(key)
  }

  /// The 4 bytes by which a stanza is found.
  var fingerprint: [UInt8] {
    Array(SHA256Hasher.digest(of: wire).bytes.prefix(Self.fingerprintSize))
  }

  /// The secret of X25519 over a share, bound to the SSH key so that it serves nothing else.
  func tweaked(_ shared: borrowing SecretBytes) throws(X25519.Failure) -> SecretBytes {
    let tweak = HKDFSHA256.derive(
      secret: [], salt: wire, info: Self.stanzaInfo, count: X25519.size)
    let point = shared.withBytes { $0.copied() }
    return try X25519.sharedSecret(secret: tweak, point: point)
  }

  /// The key that wraps a file key.
  func wrapKey(shared: borrowing SecretBytes, share: [UInt8]) -> SecretBytes {
    HKDFSHA256.derive(
      secret: shared, salt: share + point, info: Self.stanzaInfo,
      count: ChaCha20Poly1305.keySize)
  }

  /// The key as it stands in an `authorized_keys` file, without a comment.
  var text: String { "\(Self.type) \(Base64.encode(wire, padding: .required))" }
}
