import ProofTools
import SecretMemory
import Testing

@testable import Recipients

@Suite("Bech32")
struct Bech32Tests {
  private func decode(_ text: String) throws(Bech32.Failure) -> (String, [UInt8]) {
    try Array(text.utf8).withBytes { (bytes) throws(Bech32.Failure) in
      let decoded = try Bech32(decoding: bytes)
      return (decoded.name, decoded.bytes.withBytes { $0.copied() })
    }
  }

  @Test(
    "the valid texts of BIP 173 that hold whole bytes are read",
    arguments: [
      "A12UEL5L", "a12uel5l", "?1ezyfcl",
      "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
      "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
    ])
  func valid(text: String) throws {
    let (name, _) = try decode(text)
    #expect(text.hasPrefix(name + "1"))
  }

  @Test(
    "the invalid texts of BIP 173 are refused, each for its reason",
    arguments: [
      (" 1nwldj5", Bech32.Failure.invalidCharacter), ("\u{7f}1axkwrx", .invalidCharacter),
      ("pzry9x0s0muk", .noSeparator), ("1pzry9x0s0muk", .noSeparator),
      ("x1b4n0q5v", .invalidCharacter), ("li1dgmt3", .noSeparator), ("A1G7SGD8", .wrongChecksum),
      ("10a06t8", .noSeparator), ("1qzzfhee", .noSeparator), ("A12UEl5L", .mixedCase),
      ("", .noSeparator), ("1", .noSeparator),
    ])
  func invalid(text: String, reason: Bech32.Failure) {
    #expect(throws: reason) { try decode(text) }
  }

  @Test("bytes of every length survive both ways, in either case", arguments: 0..<40)
  func roundTrip(count: Int) throws {
    let bytes = (0..<count).map { UInt8($0 &* 73 & 255) }
    for name in ["age", "AGE-SECRET-KEY-", "a1b"] {
      let encoded = bytes.withBytes { Bech32.encode(name: name, $0) }
      let text = encoded.withBytes { String(decoding: $0.copied(), as: UTF8.self) }
      #expect(text == text.lowercased() || text == text.uppercased())
      let (readName, readBytes) = try decode(text)
      #expect(readName == name && readBytes == bytes)
    }
  }

  @Test("a wrong character anywhere is noticed")
  func everyCharacter() throws {
    let text = Array(X25519Identity.generate().recipient.text.utf8)
    for position in 4..<text.count {
      var changed = text
      changed[position] =
        changed[position] == UInt8(ascii: "q") ? UInt8(ascii: "p") : UInt8(ascii: "q")
      #expect(throws: Bech32.Failure.wrongChecksum) {
        try decode(String(decoding: changed, as: UTF8.self))
      }
    }
  }
}
