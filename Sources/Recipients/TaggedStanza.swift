internal import SecretMemory
internal import Vocabulary

/// The tag by which a key on hardware finds its stanza without trying every one.
///
/// age.md, "p256tag recipient stanza".
enum TaggedStanza {
  private static let tagSize = 4

  /// The 4 bytes of a tag: bound to what is sent along, so that two files do not show one recipient.
  static func tag(encapsulation: [UInt8], point: [UInt8], info: [UInt8]) -> [UInt8] {
    let fingerprint = SHA256Hasher.digest(of: point).bytes.prefix(tagSize)
    return Array(HMACSHA256.code(key: info, message: encapsulation + fingerprint).prefix(tagSize))
  }
}
