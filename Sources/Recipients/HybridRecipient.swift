package import AgeFormat
internal import Crypto
internal import SecretMemory
internal import Vocabulary

/// A post-quantum recipient, written `age1pq1…`: a file to it stays shut where only one of ML-KEM-768
/// and X25519 is broken.
///
/// age.md, "mlkem768x25519 recipient stanza".
package struct HybridRecipient: WrittenRecipient, Hashable {
  /// The 1,216 bytes of the key.
  package let bytes: [UInt8]

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Reads `age1pq1` and 1,952 characters, in lower case.
  ///
  /// Throws `OperatorError` `recipient.malformed`.
  package init(parsing text: String) throws {
    let bytes = try Bech32.recipient(text, name: HybridStanza.recipientName) {
      $0 == HybridStanza.recipientSize
    }
    do {
      // X-Wing's own initialiser looks at the size alone.
      _ = try MLKEM768.PublicKey(rawRepresentation: bytes[..<HybridStanza.encapsulationKeySize])
    } catch {
      throw Bech32.malformed(recipient: text, "its key is none")
    }
    self.bytes = bytes
  }

  /// The recipient as age writes it.
  package var text: String { Bech32.text(of: bytes, name: HybridStanza.recipientName) }

  /// Wraps a file key; throws `OperatorError` `recipient.weak` where nothing can be sealed to the key.
  package func wrap(_ fileKey: borrowing FileKey) throws -> WrappedFileKey {
    do {
      let key = try XWingMLKEM768X25519.PublicKey(rawRepresentation: bytes)
      var sender = try HPKE.Sender(
        recipientKey: key, ciphersuite: HybridStanza.suite, info: HybridStanza.info)
      let body = try fileKey.withArray { try sender.seal($0) }
      let share = Base64.encode([UInt8](sender.encapsulatedKey), padding: .none)
      return WrappedFileKey(
        [Stanza(type: HybridStanza.type, arguments: [share], body: [UInt8](body))],
        labels: [WrappedFileKey.postQuantum])
    } catch {
      throw OperatorError(
        "recipient.weak", .usage, "nothing can be encrypted to \(text.prefix(24))…: \(error)",
        hint: "take it off the recipients")
    }
  }
}

extension HybridRecipient: CustomStringConvertible {
  package var description: String { text }
}
