internal import SecretMemory
internal import Vocabulary

/// The file in which OpenSSH keeps a private key (PROTOCOL.key).
///
/// The file is read into locked memory and nothing secret leaves it.
enum SSHKeyFile {
  static let begin = "-----BEGIN OPENSSH PRIVATE KEY-----"
  private static let end = "-----END OPENSSH PRIVATE KEY-----"
  private static let magic = "openssh-key-v1\0"

  /// The 64 bytes of the Ed25519 key in a file.
  ///
  /// Throws `OperatorError` `identity.malformed`, or `identity.unsupported` for a key of another type
  /// or one that a passphrase protects.
  static func secretKey(_ text: RawSpan) throws -> SecretBytes {
    try content(text).withBytes { file in
      var place = SSHWire()
      guard place.pass(magic, in: file), let cipher = place.string(in: file),
        let derivation = place.string(in: file), place.string(in: file) != nil,
        place.number(in: file) == 1, let wire = place.string(in: file),
        let section = place.string(in: file)
      else { throw malformed }
      guard SSHWire.equal(file, cipher, "none"), SSHWire.equal(file, derivation, "none") else {
        throw OperatorError(
          "identity.unsupported", .usage, "this SSH key is protected by a passphrase",
          hint: "take the passphrase off a copy with 'ssh-keygen -p', or use an age identity")
      }
      return try secretKey(in: file.extracting(section), wire: file.extracting(wire).copied())
    }
  }

  private static func secretKey(in section: RawSpan, wire: [UInt8]) throws -> SecretBytes {
    var place = SSHWire()
    // Two numbers that are the same where a passphrase, had there been one, was right.
    guard let one = place.number(in: section), one == place.number(in: section),
      let type = place.string(in: section)
    else { throw malformed }
    guard SSHWire.equal(section, type, SSHPublicKey.type) else {
      throw OperatorError(
        "identity.unsupported", .usage, "SSH keys of another type than ed25519 are not supported",
        hint: "give an age identity, or an SSH key that 'ssh-keygen -t ed25519' made")
    }
    guard let publicKey = place.string(in: section), let secret = place.string(in: section),
      secret.count == Ed25519.secretKeySize
    else { throw malformed }
    let key = SecretBytes(copying: section.extracting(secret))
    let point = section.extracting(publicKey).copied()
    guard Ed25519.publicKey(of: key) == point, SSHPublicKey(point)?.wire == wire else {
      throw malformed
    }
    return key
  }

  /// What the base64 between the two lines holds.
  private static func content(_ text: RawSpan) throws -> SecretBytes {
    var start = 0
    var lines: [Range<Int>] = []
    while start < text.byteCount {
      var next = start
      while next < text.byteCount, text[byteAt: next] != UInt8(ascii: "\n") { next += 1 }
      var last = next
      if last > start, text[byteAt: last - 1] == UInt8(ascii: "\r") { last -= 1 }
      if last > start { lines.append(start..<last) }
      start = next + 1
    }
    guard let first = lines.first, SSHWire.equal(text, first, begin), let last = lines.last,
      SSHWire.equal(text, last, end)
    else { throw malformed }
    let inner = lines.dropFirst().dropLast()
    let joined = SecretBytes(count: inner.reduce(0) { $0 + $1.count }) { room in
      var offset = 0
      for line in inner {
        var part = room._mutatingExtracting(offset..<offset + line.count)
        part.copy(from: text.extracting(line))
        offset += line.count
      }
    }
    let decoded = joined.withBytes { Base64.decodeSecret($0, padding: .required) }
    guard let decoded else { throw malformed }
    return decoded
  }

  static var malformed: OperatorError {
    OperatorError(
      "identity.malformed", .usage, "this is not an OpenSSH private key",
      hint: "give the file that ssh-keygen made, all of it")
  }
}
