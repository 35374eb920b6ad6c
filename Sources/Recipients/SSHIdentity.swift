package import AgeFormat
internal import SecretMemory
internal import Vocabulary

/// An SSH key as an identity: a file `-----BEGIN OPENSSH PRIVATE KEY-----` that no passphrase protects.
///
/// PROTOCOL.key of OpenSSH for the file; age's source, agessh, for the stanza.
package final class SSHIdentity: KeyPair {
  private let key: SSHPublicKey
  private let secretKey: SecretBytes

  /// Reads a key file.
  ///
  /// Throws `OperatorError` `identity.malformed` or `identity.unsupported`; neither repeats the text.
  package init(parsing text: RawSpan) throws {
    secretKey = try SSHKeyFile.secretKey(text)
    guard let key = SSHPublicKey(Ed25519.publicKey(of: secretKey)) else {
      throw SSHKeyFile.malformed
    }
    self.key = key
  }

  package func publicHalf() -> any Recipient { SSHRecipient(key) }

  /// Unwraps the file key from the first stanza that is for this key; nil where none is.
  ///
  /// Throws `AgeError.malformedStanza` for an `ssh-ed25519` stanza that breaks the rules.
  package func unwrap(_ stanzas: [Stanza]) throws -> FileKey? {
    for stanza in stanzas where stanza.type == SSHPublicKey.type {
      if let fileKey = try unwrap(stanza) { return fileKey }
    }
    return nil
  }

  private func unwrap(_ stanza: Stanza) throws -> FileKey? {
    guard stanza.arguments.count == 2 else { throw broken("it has not two arguments") }
    let parts = stanza.arguments.map { Base64.decode($0, padding: .none) }
    guard let fingerprint = parts[0], fingerprint.count == 4 else {
      throw broken("its fingerprint is not 4 bytes in canonical base64")
    }
    guard let share = parts[1], share.count == X25519.size else {
      throw broken("its share is not 32 bytes in canonical base64")
    }
    guard fingerprint == key.fingerprint else { return nil }
    guard stanza.body.count == WrappedKey.size else { throw broken("its body is not 32 bytes") }
    let shared: SecretBytes
    do {
      let secret = Ed25519.montgomerySecret(of: secretKey)
      shared = try key.tweaked(X25519.sharedSecret(secret: secret, point: share))
    } catch {
      throw broken("its share is of low order")
    }
    // A fingerprint is short: another key may have the same.
    return WrappedKey.open(stanza.body, under: key.wrapKey(shared: shared, share: share))
  }

  private func broken(_ reason: String) -> AgeError {
    .malformedStanza(type: SSHPublicKey.type, reason)
  }
}

extension SSHIdentity: CustomStringConvertible, CustomReflectable {
  package var description: String { "the identity of \(key.text)" }
  package var customMirror: Mirror { Mirror(self, children: ["recipient": key.text]) }
}
