import AgeFormat
import Foundation
import ProofTools
import SecretMemory
import Testing
import Vocabulary

@testable import Recipients

/// What HPKE's test data say of one suite.
private struct HPKEVector: Decodable {
  let kem_id: UInt16
  let info: String
  let skRm: String
  let pkRm: String
  let shared_secret: String
  let key: String
  let base_nonce: String

  static let shared: HPKEVector? = {
    guard let folder = AgeVector.allFolders,
      let data = FileManager.default.contents(
        atPath: folder + "/hpke/hpke-mlkem768x25519-hkdfsha256-chachapoly.json")
    else { return nil }
    return try? JSONDecoder().decode(HPKEVector.self, from: data)
  }()
}

/// The HPKE vector of exactly the suite of age's hybrid recipients.
@Suite(
  "HPKE's published vector",
  .enabled(if: HPKEVector.shared != nil, "no vectors: set COFFER_VECTORS"))
struct HPKEVectorTests {
  private func bytes(_ hex: String) throws -> [UInt8] {
    try #require(Hexadecimal.decode(hex))
  }

  @Test("its shared secret gives its key and its nonce")
  func schedule() throws {
    let vector = try #require(HPKEVector.shared)
    let secret = try bytes(vector.shared_secret).withBytes { SecretBytes(copying: $0) }
    let schedule = HPKESchedule(
      kemID: vector.kem_id, sharedSecret: secret, info: try bytes(vector.info))
    let fileKey = FileKey()
    let key = try bytes(vector.key).withBytes { SecretBytes(copying: $0) }
    let nonce = try bytes(vector.base_nonce)
    var cipher = ChaCha20Poly1305(key: key)
    let expected = [UInt8](count: 32) { body in
      fileKey.withBytes {
        cipher.seal($0, nonce: InlineArray { nonce[$0] }, into: &body)
      }
    }
    #expect(schedule.sealFirst(fileKey) == expected)
  }

  @Test("its seed gives its public key")
  func keys() throws {
    let vector = try #require(HPKEVector.shared)
    let text = try bytes(vector.skRm).withBytes { seed in
      Bech32.encode(name: HybridStanza.identityName, seed).withBytes {
        String(decoding: $0.copied(), as: UTF8.self)
      }
    }
    let identity = try Array(text.utf8).withBytes { try HybridIdentity(parsing: $0) }
    #expect(identity.recipient.bytes == (try bytes(vector.pkRm)))
  }
}
