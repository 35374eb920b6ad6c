import SecretMemory
import Testing
import Vocabulary

/// Answers published by others, or got from other code.
@Suite("Known answers")
struct KnownAnswerTests {
  private let abc = Array("abc".utf8)

  @Test("SHA-256, whole and in pieces (FIPS 180-4)")
  func sha256() {
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    #expect(SHA256Hasher.digest(of: abc).hex == expected)
    var hasher = SHA256Hasher()
    for byte in abc { [byte].withBytes { hasher.update($0) } }
    hasher.update(RawSpan())
    #expect(hasher.finish().hex == expected)
    #expect(
      SHA256Hasher.digest(of: []).hex
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }

  @Test("HMAC-SHA-256 (RFC 4231, case 2)")
  func hmac() {
    let code = HMACSHA256.code(
      key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8))
    #expect(
      Hexadecimal.encode(code)
        == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
  }

  @Test("HKDF-SHA-256 over two blocks (RFC 5869, case 3)")
  func hkdf() {
    let derived = HKDFSHA256.derive(
      secret: [UInt8](repeating: 0x0b, count: 22), salt: [], info: "", count: 42)
    #expect(
      Hexadecimal.encode(derived.withBytes { $0.copied() })
        == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
        + "9d201395faa4b61a96c8")
  }

  @Test("BLAKE2b-512 (RFC 7693) and keyed BLAKE2b-256 (Python's hashlib)")
  func blake2b() {
    #expect(
      Hexadecimal.encode(abc.withBytes { BLAKE2b.digest512(of: $0) })
        == "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
        + "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923")
    let key = Array(UInt8(0)..<32).withBytes { SecretBytes(copying: $0) }
    let hash = KeyedHash(key: key)
    let expected = "d63a32d3e44738d7907f964316c241adaba0abfeabc32349677578a15a203f7f"
    #expect(Hexadecimal.encode(abc.withBytes { hash.hash($0) }) == expected)
    let inPlace = [UInt8](count: 32) { output in abc.withBytes { hash.hash($0, into: &output) } }
    #expect(Hexadecimal.encode(inPlace) == expected)
  }

  @Test("ChaCha20-Poly1305 (Python's cryptography)")
  func chaCha20Poly1305() {
    let key = Array(UInt8(0)..<32).withBytes { SecretBytes(copying: $0) }
    var cipher = ChaCha20Poly1305(key: key)
    let sealed = [UInt8](count: 19) { output in
      abc.withBytes { cipher.seal($0, nonce: InlineArray { UInt8($0) }, into: &output) }
    }
    #expect(Hexadecimal.encode(sealed) == "e8996bdbe97d036a9b815bccbdf1a8e87ec37f")
  }

  @Test("Ed25519 (RFC 8032, test 1)")
  func ed25519() throws {
    let seed = try #require(
      Hexadecimal.decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    let secretKey = Ed25519.secretKey(fromSeed: seed.withBytes { SecretBytes(copying: $0) })
    let publicKey = Ed25519.publicKey(of: secretKey)
    #expect(
      Hexadecimal.encode(publicKey)
        == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    let signature = Ed25519.sign(RawSpan(), with: secretKey)
    #expect(
      Hexadecimal.encode(signature)
        == "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
        + "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")
    let cut = Array(signature.dropLast())
    #expect([].withBytes { Ed25519.verify(signature, of: $0, by: publicKey) })
    #expect(!abc.withBytes { Ed25519.verify(signature, of: $0, by: publicKey) })
    #expect(![].withBytes { Ed25519.verify(cut, of: $0, by: publicKey) })
  }
}
