package import AgeFormat
internal import SecretMemory
internal import Vocabulary

/// A classic age recipient, written `age1…`: a point on Curve25519.
///
/// age.md, "X25519 recipient stanza".
package struct X25519Recipient: WrittenRecipient, Hashable {
  /// The 32 bytes of the point.
  package let point: [UInt8]

  /// Takes a point that is known to be 32 bytes.
  init(point: [UInt8]) {
    precondition(point.count == X25519.size, "an X25519 point is 32 bytes")
    self.point = point
  }

  /// Reads `age1` and 58 characters, in lower case.
  ///
  /// Throws `OperatorError` `recipient.malformed`, which says what is wrong with it.
  package init(parsing text: String) throws {
    point = try Bech32.recipient(text, name: X25519Stanza.recipientName) { $0 == X25519.size }
  }

  /// The recipient as age writes it.
  package var text: String { Bech32.text(of: point, name: X25519Stanza.recipientName) }

  /// Wraps a file key under a secret shared with the recipient and nobody else, new each time.
  ///
  /// Throws `OperatorError` `recipient.weak` for a point whose secrets everybody knows.
  package func wrap(_ fileKey: borrowing FileKey) throws -> WrappedFileKey {
    let ephemeral = SecretBytes.random(count: X25519.size)
    let share = X25519.publicKey(of: ephemeral)
    let shared: SecretBytes
    do {
      shared = try X25519.sharedSecret(secret: ephemeral, point: point)
    } catch {
      throw OperatorError(
        "recipient.weak", .usage,
        "\(text) is no real key: everybody could open what is sealed to it",
        hint: "take it off the recipients")
    }
    let key = X25519Stanza.wrapKey(shared: shared, share: share, recipient: point)
    let body = WrappedKey.seal(fileKey, under: key)
    return WrappedFileKey([
      Stanza(
        type: X25519Stanza.type, arguments: [Base64.encode(share, padding: .none)], body: body)
    ])
  }
}

extension X25519Recipient: CustomStringConvertible {
  package var description: String { text }
}
