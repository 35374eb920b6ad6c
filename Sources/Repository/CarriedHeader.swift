package import AgeFormat
import SecretMemory
import Vocabulary

/// The header that a rewrapped object had when its host signed for it, carried inside the new one.
///
/// Nobody signs a new header, but whoever opens it finds the signed one in it, sealed under the file key.
/// So what is read is always what the host signed for, whoever rewrapped it. `docs/formats/store.md`,
/// Rewrapped objects.
package struct CarriedHeader: Sendable {
  private static let stanzaType = "coffer-former-header"
  private static let purpose = "coffer former header"
  private static let saltSize = 16
  private static let lineEnd = UInt8(ascii: "\n")

  /// Everybody whom a header let in since the host's, as age writes them; of manifests only.
  package let readers: [String]
  /// The header that the host signed for, as it stood in the file.
  package let bytes: [UInt8]

  package init(readers: [String], bytes: [UInt8]) {
    (self.readers, self.bytes) = (readers, bytes)
  }

  /// Finds what a header carries; nil where it carries nothing.
  ///
  /// - Parameters:
  ///   - header: proven genuine by whoever had the file key of it.
  ///   - fileKey: which it wraps.
  /// - Throws: `AgeError` where what it carries cannot be read, and where it carries two: which of them the
  ///   host signed for would be anybody's choice.
  package init?(in header: AgeHeader, under fileKey: borrowing FileKey) throws {
    let stanzas = header.stanzas.filter { $0.type == Self.stanzaType }
    guard let stanza = stanzas.first else { return nil }
    func malformed(_ why: String) -> AgeError {
      AgeError.malformedStanza(type: Self.stanzaType, why)
    }
    guard stanzas.count == 1 else { throw malformed("there is more than one") }
    guard stanza.arguments.count == 1,
      let salt = Base64.decode(stanza.arguments[0], padding: .none), salt.count == Self.saltSize,
      stanza.body.count >= ChaCha20Poly1305.tagSize
    else { throw malformed("it has another shape") }
    var cipher = ChaCha20Poly1305(key: Self.key(fileKey, salt))
    var isGenuine = false
    let text = [UInt8](count: stanza.body.count - ChaCha20Poly1305.tagSize) { text in
      stanza.body.withBytes { sealed in
        isGenuine = cipher.open(sealed, nonce: Self.nonce, into: &text)
      }
    }
    guard isGenuine else { throw malformed("it was not sealed under this file's key") }
    var lines = text[...]
    var readers: [String] = []
    while let end = lines.firstIndex(of: Self.lineEnd), end > lines.startIndex {
      readers.append(String(decoding: lines[..<end], as: UTF8.self))
      lines = lines[(end + 1)...]
    }
    guard lines.first == Self.lineEnd else { throw malformed("it ends too soon") }
    self.init(readers: readers, bytes: Array(lines.dropFirst()))
  }

  /// The stanza that carries it.
  package func stanza(under fileKey: borrowing FileKey) -> Stanza {
    let salt = Randomness.bytes(count: Self.saltSize)
    var cipher = ChaCha20Poly1305(key: Self.key(fileKey, salt))
    let text = Array((readers + [""]).map { "\($0)\n" }.joined().utf8) + bytes
    let body = [UInt8](count: text.count + ChaCha20Poly1305.tagSize) { sealed in
      text.withBytes { cipher.seal($0, nonce: Self.nonce, into: &sealed) }
    }
    return Stanza(
      type: Self.stanzaType, arguments: [Base64.encode(salt, padding: .none)], body: body)
  }

  /// A key is used once, for its salt is drawn anew.
  private static var nonce: InlineArray<12, UInt8> { InlineArray(repeating: 0) }

  private static func key(_ fileKey: borrowing FileKey, _ salt: [UInt8]) -> SecretBytes {
    fileKey.withBytes { secret in
      salt.withBytes { salt in
        HKDFSHA256.derive(
          secret: secret, salt: salt, info: purpose, count: ChaCha20Poly1305.keySize)
      }
    }
  }
}
