import SecretMemory
import Testing
import Vocabulary

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

  @Test("what is authenticated beside it is, as in RFC 8439, section 2.8.2")
  func associated() {
    let text = Array(
      ("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
        + "future, sunscreen would be it.").utf8)
    let header: [UInt8] = [0x50, 0x51, 0x52, 0x53] + Array(0xc0...0xc7)
    let nonce: InlineArray<12, UInt8> = [
      0x07, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47,
    ]
    let key = Array(0x80...0x9f).withBytes { SecretBytes(copying: $0) }
    var cipher = ChaCha20Poly1305(key: key)
    let sealed = [UInt8](count: text.count + 16) { output in
      text.withBytes { text in
        header.withBytes { cipher.seal(text, nonce: nonce, with: $0, into: &output) }
      }
    }
    #expect(Hexadecimal.encode(sealed.prefix(8)) == "d31a8d34648e60db")
    #expect(Hexadecimal.encode(sealed.suffix(16)) == "1ae10b594f09e26a7e902ecbd0600691")
    for (header, fits) in [(header, true), (header.dropLast() + [0], false), ([], false)] {
      var opens = !fits
      let opened = [UInt8](count: text.count) { output in
        opens = sealed.withBytes { sealed in
          header.withBytes { cipher.open(sealed, nonce: nonce, with: $0, into: &output) }
        }
      }
      #expect(opens == fits && (opened == text) == fits)
    }
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
