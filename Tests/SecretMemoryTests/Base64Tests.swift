import SecretMemory
import Testing

@Suite("Base64")
struct Base64Tests {
  @Test("bytes of every length survive both ways, public and secret", arguments: 0..<70)
  func roundTrip(count: Int) throws {
    let bytes = (0..<count).map { UInt8($0 &* 37 & 255) }
    for padding in [Base64.Padding.required, .none] {
      let text = Base64.encode(bytes, padding: padding)
      #expect(text.contains("=") == (padding == .required && count % 3 != 0))
      #expect(Base64.decode(text, padding: padding) == bytes)
      let secretText = bytes.withBytes { Base64.encodeSecret($0, padding: padding) }
      #expect(secretText.withBytes { $0.copied() } == Array(text.utf8))
      let decoded = secretText.withBytes { Base64.decodeSecret($0, padding: padding) }
      guard let decoded else {
        Issue.record("secret text does not decode")
        continue
      }
      #expect(decoded.withBytes { $0.copied() } == bytes)
    }
  }

  @Test(
    "white space, unused bits, wrong letters and half groups are refused",
    arguments: [
      "YQ=", "YR==", "YWE", "Y", "YQ\n==", "YQ==\n", " YQ==", "Y-==", "=", "YQ===", "YWFhYQ",
    ])
  func refusals(text: String) {
    #expect(Base64.decode(text, padding: .required) == nil)
  }

  @Test("padding is refused where none belongs", arguments: ["YQ==", "YR", "Y", "YQ\r", "YWFh\n"])
  func unpaddedRefusals(text: String) {
    #expect(Base64.decode(text, padding: .none) == nil)
  }

  @Test("every byte that is no letter of base64 is refused, wherever it stands")
  func otherBytes() {
    let letters = Set(
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    for byte in UInt8.min...UInt8.max {
      for place in 0..<4 {
        var text = Array("AAAA".utf8)
        text[place] = byte
        let isText = Base64.decode(text, padding: .none) != nil
        #expect(isText == letters.contains(byte), "byte \(byte) at \(place)")
      }
    }
  }
}
