import Testing
import Vocabulary

@Suite("Hexadecimal")
struct HexadecimalTests {
  @Test("bytes survive the way out and back, in either case")
  func roundTrip() {
    let bytes = [UInt8](0...255)
    let text = Hexadecimal.encode(bytes)
    #expect(Hexadecimal.decode(text) == bytes)
    #expect(Hexadecimal.decode(text.uppercased()) == bytes)
  }

  @Test("half a byte, a space and a letter past f are refused", arguments: ["a", "0 ", "0g", "é"])
  func refusals(text: String) {
    #expect(Hexadecimal.decode(text) == nil)
  }
}
