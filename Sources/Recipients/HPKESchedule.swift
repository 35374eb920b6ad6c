internal import AgeFormat
internal import SecretMemory

/// The key schedule of HPKE's base mode with HKDF-SHA256 and ChaCha20-Poly1305, for one message.
///
/// RFC 9180, 5.1. For KEMs that swift-crypto's HPKE does not have.
struct HPKESchedule: ~Copyable {
  private static let version = Array("HPKE-v1".utf8)
  private static let kdfID: UInt16 = 1
  private static let aeadID: UInt16 = 3

  private let key: SecretBytes
  private let nonce: InlineArray<12, UInt8>

  /// Derives key and nonce from the secret that a KEM gave.
  init(kemID: UInt16, sharedSecret: borrowing SecretBytes, info: [UInt8]) {
    let suite =
      Array("HPKE".utf8)
      + [kemID, Self.kdfID, Self.aeadID].flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
    func label(_ text: String) -> [UInt8] { Self.version + suite + Array(text.utf8) }
    let context =
      [0] + HMACSHA256.code(key: [], message: label("psk_id_hash"))
      + HMACSHA256.code(key: [], message: label("info_hash") + info)
    let secret = SecretBytes(count: HMACSHA256.size) { secret in
      // There is no pre-shared key, so nothing follows the label.
      sharedSecret.withBytes { salt in
        label("secret").withBytes { HMACSHA256.write(key: salt, message: $0, into: &secret) }
      }
    }
    func expand(_ purpose: String, _ count: UInt8) -> SecretBytes {
      let message = [0, count] + label(purpose) + context + [1]
      let block = SecretBytes(count: HMACSHA256.size) { block in
        secret.withBytes { key in
          message.withBytes { HMACSHA256.write(key: key, message: $0, into: &block) }
        }
      }
      return block.withBytes { SecretBytes(copying: $0.extracting(0..<Int(count))) }
    }
    key = expand("key", 32)
    nonce = expand("base_nonce", 12).withBytes { bytes in InlineArray { bytes[byteAt: $0] } }
  }

  /// Seals a file key as the first message, without associated data.
  func sealFirst(_ fileKey: borrowing FileKey) -> [UInt8] {
    var cipher = ChaCha20Poly1305(key: key)
    return [UInt8](count: WrappedKey.size) { body in
      fileKey.withBytes { cipher.seal($0, nonce: nonce, into: &body) }
    }
  }
}
