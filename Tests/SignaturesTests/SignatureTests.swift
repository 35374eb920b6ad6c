import ProofTools
import SecretMemory
import Testing

@testable import Signatures

@Suite("Signatures")
struct SignatureTests {
  private let message = Array("what was saved\n".utf8)
  private let key = SigningKey.generate()

  private func sign(_ comment: String = "snapshot 7") throws -> String {
    try message.withBytes { try key.sign($0, trustedComment: comment) }
  }

  private func verify(_ signature: String) throws -> String {
    try message.withBytes { try key.verifyingKey.verify(signature, of: $0) }
  }

  @Test("what was signed is accepted, and gives its trusted comment")
  func roundTrip() throws {
    #expect(try verify(sign()) == "snapshot 7")
    #expect(try verify(sign("")) == "")
    #expect(try verify(sign("tab\tand é")) == "tab\tand é")
  }

  @Test("keys survive their files, and a file ends with a line end")
  func keyFiles() throws {
    let again = try key.withText { try SigningKey(parsing: $0) }
    #expect(again.verifyingKey == key.verifyingKey)
    #expect(try VerifyingKey(parsing: key.verifyingKey.text) == key.verifyingKey)
    let bare = String(key.verifyingKey.text.split(separator: "\n")[1])
    #expect(try VerifyingKey(parsing: bare) == key.verifyingKey)
    #expect(key.verifyingKey.text.hasSuffix("\n"))
  }

  @Test("the comment of a public key names its id as minisign does, without leading zeros")
  func idInTheComment() {
    let id = KeyID(bytes: [0x29, 0x49, 0x96, 0x98, 0xb9, 0x9f, 0x07, 0])
    let key = VerifyingKey(keyID: id, publicKey: [UInt8](repeating: 1, count: 32))
    #expect(key.text.hasPrefix("untrusted comment: minisign public key 79FB998964929\n"))
    #expect(id.description == "00079FB998964929")
  }

  @Test("another message is refused")
  func otherMessage() throws {
    let signature = try sign()
    #expect(throws: SignatureError.messageMismatch) {
      try Array("what was saved".utf8).withBytes {
        try key.verifyingKey.verify(signature, of: $0)
      }
    }
  }

  @Test("another key is refused by its id, and by its signature where the id is copied")
  func otherKey() throws {
    let other = SigningKey.generate()
    let signature = try message.withBytes { try other.sign($0, trustedComment: "") }
    #expect(throws: SignatureError.signedByAnotherKey(other.verifyingKey.keyID)) {
      try verify(signature)
    }
    var parts = try SignatureText(parsing: signature)
    parts = SignatureText(
      keyID: key.verifyingKey.keyID, signature: parts.signature,
      trustedComment: parts.trustedComment, globalSignature: parts.globalSignature)
    #expect(throws: SignatureError.messageMismatch) { try verify(parts.text) }
  }

  @Test("a legacy signature is refused")
  func legacy() throws {
    let parts = try SignatureText(parsing: sign())
    let bytes = Array("Ed".utf8) + parts.keyID.bytes + parts.signature
    var lines = try sign().split(separator: "\n").map(String.init)
    lines[1] = Base64.encode(bytes, padding: .required)
    #expect(throws: SignatureError.legacyAlgorithm) { try verify(lines.joined(separator: "\n")) }
  }

  @Test("every changed byte is refused, but for the words of the comment nobody signed")
  func everyByte() throws {
    let signature = Array(try sign().utf8)
    let unsigned = "untrusted comment: ".utf8.count..<(signature.firstIndex(of: 10) ?? 0)
    for position in signature.indices.dropLast() where !unsigned.contains(position) {
      var changed = signature
      changed[position] ^= 1
      let text = String(decoding: changed, as: UTF8.self)
      #expect(throws: SignatureError.self, "byte \(position)") { try verify(text) }
    }
  }

  @Test("a trusted comment that was changed is told apart from a message that was")
  func changedComment() throws {
    let changed = try sign().replacing("snapshot 7", with: "snapshot 8")
    #expect(throws: SignatureError.trustedCommentMismatch) { try verify(changed) }
  }

  @Test("lines that are missing, doubled, cut or ended by CR are refused", arguments: 0..<4)
  func lines(index: Int) throws {
    let lines = try sign().split(separator: "\n").map(String.init)
    var missing = lines
    missing.remove(at: index)
    var doubled = lines
    doubled.insert(lines[index], at: index)
    var cut = lines
    cut[index] = String(lines[index].dropLast(index % 2 == 0 ? lines[index].count - 3 : 1))
    let carriage = lines.joined(separator: "\r\n")
    for text in [missing, doubled, cut].map({ $0.joined(separator: "\n") }) + [carriage, ""] {
      #expect(throws: SignatureError.self) { try verify(text) }
    }
  }

  @Test("a trusted comment of two lines or without end is not signed")
  func unfitComments() {
    for comment in ["a\nb", "a\rb", "\u{7f}", String(repeating: "x", count: 8_001)] {
      #expect(throws: SignatureError.unfitTrustedComment) { try sign(comment) }
    }
  }

  @Test("printing, dumping or interpolating a signing key shows nothing but its id")
  func printing() throws {
    let secret = key.withText { String(decoding: $0.copied(), as: UTF8.self) }
    var dumped = ""
    dump(key, to: &dumped)
    for text in ["\(key)", String(reflecting: key), dumped, "\([key])", "\(key as Any)"] {
      #expect(text.contains(key.verifyingKey.keyID.description))
      #expect(!text.contains("secretKey") && !text.contains(secret.prefix(60).suffix(20)))
    }
  }

  @Test("a secret key whose halves do not belong together is refused")
  func forgedHalves() throws {
    let text = key.withText { String(decoding: $0.copied(), as: UTF8.self) }
    let lines = text.split(separator: "\n").map(String.init)
    var bytes = try #require(Base64.decode(lines[1], padding: .required))
    bytes[2 + 2 + 2 + 32 + 16 + 8 + 40] ^= 1
    let forged = Array("\(lines[0])\n\(Base64.encode(bytes, padding: .required))\n".utf8)
    #expect(throws: SignatureError.malformedSigningKey) {
      try forged.withBytes { _ = try SigningKey(parsing: $0) }
    }
  }

  @Test("a secret key under a password, of another kind or cut short is refused, each by its name")
  func otherSecretKeys() throws {
    let text = key.withText { String(decoding: $0.copied(), as: UTF8.self) }
    let lines = text.split(separator: "\n").map(String.init)
    let bytes = try #require(Base64.decode(lines[1], padding: .required))
    func reason(_ bytes: [UInt8]) -> SignatureError? {
      let file = Array("\(lines[0])\n\(Base64.encode(bytes, padding: .required))\n".utf8)
      return #expect(throws: SignatureError.self) {
        try file.withBytes { _ = try SigningKey(parsing: $0) }
      }
    }
    #expect(reason(bytes[..<2] + Array("Sc".utf8) + bytes[4...]) == .passwordProtectedKey)
    #expect(reason(bytes[..<2] + Array("Xx".utf8) + bytes[4...]) == .malformedSigningKey)
    #expect(reason(Array("ED".utf8) + bytes[2...]) == .malformedSigningKey)
    #expect(reason(bytes.dropLast()) == .malformedSigningKey)
  }
}
