package import AgeFormat
internal import SecretMemory
internal import Vocabulary

/// A classic age recipient, written `age1…`: a point on Curve25519.
///
/// age.md, "X25519 recipient stanza".
package struct X25519Recipient: Recipient, Hashable {
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
    do {
      point = try Array(text.utf8).withBytes { (bytes) throws(Bech32.Failure) in
        let decoded = try Bech32(decoding: bytes)
        guard decoded.name == X25519Stanza.recipientName, decoded.bytes.count == X25519.size else {
          throw .otherKind
        }
        return decoded.bytes.withBytes { $0.copied() }
      }
    } catch {
      // What does not even begin like a recipient may be a secret: it is not repeated.
      let subject = text.hasPrefix("age1") ? text : "this text"
      throw OperatorError(
        "recipient.malformed", .usage, "\(subject) is not an age recipient: \(error.reason)",
        hint: "copy the line that starts with age1 again, all of it")
    }
  }

  /// The recipient as age writes it.
  package var text: String {
    let text = point.withBytes { Bech32.encode(name: X25519Stanza.recipientName, $0) }
    return text.withBytes { String(decoding: $0.copied(), as: UTF8.self) }
  }

  /// Wraps a file key under a secret shared with the recipient and nobody else, new each time.
  ///
  /// Throws `OperatorError` `recipient.weak` for a point whose secrets everybody knows.
  package func wrap(_ fileKey: borrowing FileKey) throws -> [Stanza] {
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
    var cipher = X25519Stanza.cipher(shared: shared, share: share, recipient: point)
    let body = [UInt8](count: X25519Stanza.bodySize) { body in
      fileKey.withBytes { cipher.seal($0, nonce: X25519Stanza.nonce, into: &body) }
    }
    return [
      Stanza(
        type: X25519Stanza.type, arguments: [Base64.encode(share, padding: .none)], body: body)
    ]
  }
}

extension X25519Recipient: CustomStringConvertible {
  package var description: String { text }
}
