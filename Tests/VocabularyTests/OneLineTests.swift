import Testing
import Vocabulary

@Suite("Text on one line")
struct OneLineTests {
  @Test("what a terminal would obey is written out")
  func controls() {
    #expect(
      "a\u{1B}[2J\nb\t\u{202E}c\u{2028}".onOneLine == #"a\u{1B}[2J\u{A}b\u{9}\u{202E}c\u{2028}"#)
  }

  @Test("all else stays as it is")
  func others() { #expect("Zürich \\ „x“ 1".onOneLine == "Zürich \\ „x“ 1") }
}
