package import AgeFormat
internal import Crypto
internal import FoundationEssentials
internal import SecretMemory
internal import Vocabulary

/// A post-quantum key on hardware, written `age1tagpq1…`: ML-KEM-768 and P-256 together.
///
/// age.md, "mlkem768p256tag recipient stanza"; the KEM is MLKEM768-P256 of draft-ietf-hpke-pq, which
/// swift-crypto's HPKE does not have, so its parts are put together here.
package struct HybridTaggedRecipient: WrittenRecipient, Hashable {
  private static let name = "age1tagpq"
  private static let type = "mlkem768p256tag"
  private static let info = Array("age-encryption.org/mlkem768p256tag".utf8)
  private static let encapsulationKeySize = 1_184
  private static let pointSize = 65
  private static let label = Array("MLKEM768-P256".utf8)
  private static let kemID: UInt16 = 0x0050

  private let encapsulationKey: [UInt8]
  // The uncompressed point.
  private let point: [UInt8]

  /// Reads `age1tagpq1…`; throws `OperatorError` `recipient.malformed`.
  package init(parsing text: String) throws {
    let bytes = try Bech32.recipient(text, name: Self.name) {
      $0 == Self.encapsulationKeySize + Self.pointSize
    }
    encapsulationKey = Array(bytes[..<Self.encapsulationKeySize])
    point = Array(bytes[Self.encapsulationKeySize...])
    do {
      _ = try MLKEM768.PublicKey(rawRepresentation: encapsulationKey)
      _ = try P256.KeyAgreement.PublicKey(x963Representation: point)
    } catch {
      throw Bech32.malformed(recipient: text, "its keys are none")
    }
  }

  /// The recipient as age writes it.
  package var text: String { Bech32.text(of: encapsulationKey + point, name: Self.name) }

  package func wrap(_ fileKey: borrowing FileKey) throws -> WrappedFileKey {
    let sent = try encapsulate()
    let schedule = HPKESchedule(kemID: Self.kemID, sharedSecret: sent.shared, info: Self.info)
    let body = schedule.sealFirst(fileKey)
    let tag = TaggedStanza.tag(encapsulation: sent.encapsulation, point: point, info: Self.info)
    let arguments = [tag, sent.encapsulation].map { Base64.encode($0, padding: .none) }
    return WrappedFileKey(
      [Stanza(type: Self.type, arguments: arguments, body: body)],
      labels: [WrappedFileKey.postQuantum])
  }

  /// A secret shared with the holder of both secret keys, and what lets the holder at it.
  private struct Encapsulation: ~Copyable {
    let shared: SecretBytes
    let encapsulation: [UInt8]
  }

  private func encapsulate() throws -> Encapsulation {
    let postQuantum = try MLKEM768.PublicKey(rawRepresentation: encapsulationKey).encapsulate()
    let ephemeral = P256.KeyAgreement.PrivateKey()
    let share = [UInt8](ephemeral.publicKey.x963Representation)
    let classic = try ephemeral.sharedSecretFromKeyAgreement(
      with: P256.KeyAgreement.PublicKey(x963Representation: point))
    var hash = SHA3_256()
    unsafe postQuantum.sharedSecret.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
    // P-256's shared secret is the X coordinate.
    unsafe classic.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
    hash.update(data: share + point + Self.label)
    var digest = Array(hash.finalize())
    defer { digest.wipe() }
    let shared = digest.withBytes { SecretBytes(copying: $0) }
    return Encapsulation(
      shared: shared, encapsulation: [UInt8](postQuantum.encapsulated) + share)
  }
}

extension HybridTaggedRecipient: CustomStringConvertible {
  package var description: String { text.prefix(24) + "…" }
}
