import SecretMemory
import Testing

@Suite("Ciphers and shared secrets")
struct CipherTests {
  private let nonce = InlineArray<12, UInt8>(repeating: 9)

  private func seal(_ plaintext: [UInt8], _ cipher: inout ChaCha20Poly1305) -> [UInt8] {
    [UInt8](count: plaintext.count + 16) { output in
      plaintext.withBytes { cipher.seal($0, nonce: nonce, into: &output) }
    }
  }

  @Test("one cipher seals and opens in turns, as often as asked", arguments: [0, 1, 16, 65_536])
  func turns(size: Int) {
    var cipher = ChaCha20Poly1305(key: SecretBytes.random(count: 32))
    for round in 0..<4 {
      let plaintext = [UInt8](repeating: UInt8(round), count: size)
      let sealed = seal(plaintext, &cipher)
      var opens = false
      let opened = [UInt8](count: size) { output in
        opens = sealed.withBytes { cipher.open($0, nonce: nonce, into: &output) }
      }
      #expect(opens && opened == plaintext)
    }
  }

  @Test(
    "a changed byte does not open, and leaves zeros instead of plaintext", arguments: [0, 50, 99])
  func tampering(position: Int) {
    var cipher = ChaCha20Poly1305(key: SecretBytes.random(count: 32))
    var sealed = seal([UInt8](repeating: 1, count: 84), &cipher)
    sealed[position] ^= 1
    var opens = true
    let opened = [UInt8](count: 84) { output in
      opens = sealed.withBytes { cipher.open($0, nonce: nonce, into: &output) }
    }
    #expect(!opens && opened == [UInt8](repeating: 0, count: 84))
  }

  @Test("what is shorter than a tag does not open")
  func tooShort() {
    var cipher = ChaCha20Poly1305(key: SecretBytes.random(count: 32))
    var nothing = MutableRawSpan()
    let opens = [UInt8](repeating: 0, count: 15).withBytes {
      cipher.open($0, nonce: nonce, into: &nothing)
    }
    #expect(!opens)
  }

  @Test("both ends of X25519 share the same secret")
  func agreement() throws {
    let mine = SecretBytes.random(count: 32)
    let yours = SecretBytes.random(count: 32)
    let one = try X25519.sharedSecret(secret: mine, point: X25519.publicKey(of: yours))
    let other = try X25519.sharedSecret(secret: yours, point: X25519.publicKey(of: mine))
    let isSame = one.matches(other)
    #expect(isSame)
  }

  @Test("points of low order and of another size share no secret")
  func lowOrder() {
    let mine = SecretBytes.random(count: 32)
    for point in [[UInt8](repeating: 0, count: 32), [1] + [UInt8](repeating: 0, count: 31)] {
      #expect(throws: X25519.Failure.lowOrderPoint) {
        _ = try X25519.sharedSecret(secret: mine, point: point)
      }
    }
    #expect(throws: X25519.Failure.wrongSize) {
      _ = try X25519.sharedSecret(secret: mine, point: [9])
    }
  }
}
