package import AgeFormat
internal import Crypto
internal import FoundationEssentials
internal import SecretMemory
internal import Vocabulary

/// A post-quantum identity, written `AGE-SECRET-KEY-PQ-1…`.
///
/// age.md, "mlkem768x25519 recipient stanza". The seed stays in locked memory; printing an identity
/// shows its recipient.
package final class HybridIdentity: WrittenIdentity {
  /// Whom to encrypt to so that this identity can open it.
  package let recipient: HybridRecipient

  private let seed: SecretBytes

  private init(seed: consuming SecretBytes) throws {
    recipient = HybridRecipient([UInt8](try Self.key(seed).publicKey.rawRepresentation))
    self.seed = seed
  }

  package func publicHalf() -> any Recipient { recipient }

  /// Draws a new identity.
  package static func generate() throws -> HybridIdentity {
    try HybridIdentity(seed: SecretBytes.random(count: HybridStanza.seedSize))
  }

  /// Reads `AGE-SECRET-KEY-PQ-1` and 58 characters, in upper case.
  ///
  /// Throws `OperatorError` `identity.malformed`, which never repeats the text.
  package convenience init(parsing text: RawSpan) throws {
    try self.init(seed: Bech32.identity(text, name: HybridStanza.identityName))
  }

  /// Reads `AGE-PLUGIN-PQ-1…`, the form that an age without hybrid keys hands to `age-plugin-pq`.
  ///
  /// Throws `OperatorError` `identity.malformed`, which never repeats the text.
  package convenience init(parsingPluginForm text: RawSpan) throws {
    try self.init(seed: Bech32.identity(text, name: HybridStanza.pluginIdentityName))
  }

  /// Lends the identity as age writes it; the text is wiped after `body`.
  package func withText<R: ~Copyable, E: Error>(
    _ body: (RawSpan) throws(E) -> R
  ) throws(E) -> R {
    let text = seed.withBytes { Bech32.encode(name: HybridStanza.identityName, $0) }
    return try text.withBytes(body)
  }

  /// Lends the identity in the form for `age-plugin-pq`; the text is wiped after `body`.
  package func withPluginText<R: ~Copyable, E: Error>(
    _ body: (RawSpan) throws(E) -> R
  ) throws(E) -> R {
    let text = seed.withBytes { Bech32.encode(name: HybridStanza.pluginIdentityName, $0) }
    return try text.withBytes(body)
  }

  /// Unwraps the file key from the first stanza that is for this identity; nil where none is.
  ///
  /// Throws `AgeError.malformedStanza` for a hybrid stanza that breaks the rules, whomever it is for.
  package func unwrap(_ stanzas: [Stanza]) throws -> FileKey? {
    for stanza in stanzas where stanza.type == HybridStanza.type {
      if let fileKey = try unwrap(stanza) { return fileKey }
    }
    return nil
  }

  private func unwrap(_ stanza: Stanza) throws -> FileKey? {
    guard stanza.arguments.count == 1 else { throw broken("it has more or fewer than one share") }
    guard let share = Base64.decode(stanza.arguments[0], padding: .none),
      share.count == HybridStanza.encapsulationSize
    else { throw broken("its share is not 1120 bytes in canonical base64") }
    guard stanza.body.count == WrappedKey.size else { throw broken("its body is not 32 bytes") }
    var opener: HPKE.Recipient
    do {
      opener = try HPKE.Recipient(
        privateKey: Self.key(seed), ciphersuite: HybridStanza.suite, info: HybridStanza.info,
        encapsulatedKey: Data(share))
    } catch {
      throw broken("its share is of low order")
    }
    // ML-KEM answers a wrong ciphertext with a wrong secret: only the tag says that it is not ours.
    guard var opened = try? opener.open(stanza.body) else { return nil }
    return FileKey.takenFrom(&opened)
  }

  private func broken(_ reason: String) -> AgeError {
    .malformedStanza(type: HybridStanza.type, reason)
  }

  private static func key(
    _ seed: borrowing SecretBytes
  ) throws -> XWingMLKEM768X25519.PrivateKey {
    var bytes = seed.withBytes { $0.copied() }
    defer { bytes.wipe() }
    return try XWingMLKEM768X25519.PrivateKey(seedRepresentation: bytes, publicKey: nil)
  }
}

extension HybridIdentity: CustomStringConvertible, CustomReflectable {
  package var description: String { "the identity of \(recipient)" }
  package var customMirror: Mirror { Mirror(self, children: ["recipient": recipient.text]) }
}
