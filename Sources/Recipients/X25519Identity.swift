package import AgeFormat
internal import SecretMemory
internal import Vocabulary

/// A classic age identity, written `AGE-SECRET-KEY-1…`.
///
/// age.md, "X25519 recipient stanza".
/// The secret stays in locked memory; printing an identity shows its recipient.
package final class X25519Identity: WrittenIdentity {
  /// Whom to encrypt to so that this identity can open it.
  package let recipient: X25519Recipient

  private let secret: SecretBytes

  private init(secret: consuming SecretBytes) {
    recipient = X25519Recipient(point: X25519.publicKey(of: secret))
    self.secret = secret
  }

  package func publicHalf() -> any Recipient { recipient }

  /// Draws a new identity.
  package static func generate() -> X25519Identity {
    X25519Identity(secret: SecretBytes.random(count: X25519.size))
  }

  /// Reads `AGE-SECRET-KEY-1` and 58 characters, in upper case.
  ///
  /// Throws `OperatorError` `identity.malformed`, which never repeats the text.
  package convenience init(parsing text: RawSpan) throws {
    self.init(secret: try Bech32.identity(text, name: X25519Stanza.identityName))
  }

  /// Lends the identity as age writes it; the text is wiped after `body`.
  package func withText<R: ~Copyable, E: Error>(
    _ body: (RawSpan) throws(E) -> R
  ) throws(E) -> R {
    let text = secret.withBytes { Bech32.encode(name: X25519Stanza.identityName, $0) }
    return try text.withBytes(body)
  }

  /// Unwraps the file key from the first stanza that is for this identity; nil where none is.
  ///
  /// Throws `AgeError.malformedStanza` for an `X25519` stanza that breaks the rules, whomever it is for.
  package func unwrap(_ stanzas: [Stanza]) throws -> FileKey? {
    for stanza in stanzas where stanza.type == X25519Stanza.type {
      if let fileKey = try unwrap(stanza) { return fileKey }
    }
    return nil
  }

  private func unwrap(_ stanza: Stanza) throws(AgeError) -> FileKey? {
    guard stanza.arguments.count == 1 else { throw broken("it has more or fewer than one share") }
    guard let share = Base64.decode(stanza.arguments[0], padding: .none),
      share.count == X25519.size
    else { throw broken("its share is not 32 bytes in canonical base64") }
    guard stanza.body.count == WrappedKey.size else {
      throw broken("its body is not 32 bytes")
    }
    let shared: SecretBytes
    do {
      shared = try X25519.sharedSecret(secret: secret, point: share)
    } catch {
      throw broken("its share is of low order")
    }
    let key = X25519Stanza.wrapKey(shared: shared, share: share, recipient: recipient.point)
    return WrappedKey.open(stanza.body, under: key)
  }

  private func broken(_ reason: String) -> AgeError {
    .malformedStanza(type: X25519Stanza.type, reason)
  }
}

extension X25519Identity: CustomStringConvertible, CustomReflectable {
  package var description: String { "the identity of \(recipient)" }
  package var customMirror: Mirror { Mirror(self, children: ["recipient": recipient.text]) }
}
