package import AgeFormat
internal import Crypto
internal import FoundationEssentials
internal import SecretMemory
internal import Vocabulary

/// A key on hardware, written `age1tag1…`: a point on P-256, whose secret a plugin holds.
///
/// age.md, "p256tag recipient stanza".
package struct TaggedRecipient: WrittenRecipient, Hashable {
  private static let name = "age1tag"
  private static let type = "p256tag"
  private static let info = Array("age-encryption.org/p256tag".utf8)
  private static let pointSize = 33
  private static let suite = HPKE.Ciphersuite(
    kem: .P256_HKDF_SHA256, kdf: .HKDF_SHA256, aead: .chaChaPoly)

  // The compressed point.
  private let point: [UInt8]

  /// Reads `age1tag1…`; throws `OperatorError` `recipient.malformed`.
  package init(parsing text: String) throws {
    point = try Bech32.recipient(text, name: Self.name) { $0 == Self.pointSize }
    do {
      _ = try P256.KeyAgreement.PublicKey(compressedRepresentation: point)
    } catch {
      throw Bech32.malformed(recipient: text, "it is no point on the curve")
    }
  }

  /// The recipient as age writes it.
  package var text: String { Bech32.text(of: point, name: Self.name) }

  package func wrap(_ fileKey: borrowing FileKey) throws -> WrappedFileKey {
    let key = try P256.KeyAgreement.PublicKey(compressedRepresentation: point)
    var sender = try HPKE.Sender(
      recipientKey: key, ciphersuite: Self.suite, info: Data(Self.info))
    let body = [UInt8](try fileKey.withArray { try sender.seal($0) })
    let share = [UInt8](sender.encapsulatedKey)
    let tag = TaggedStanza.tag(encapsulation: share, point: point, info: Self.info)
    let arguments = [tag, share].map { Base64.encode($0, padding: .none) }
    return WrappedFileKey([Stanza(type: Self.type, arguments: arguments, body: body)])
  }
}

extension TaggedRecipient: CustomStringConvertible {
  package var description: String { text }
}
