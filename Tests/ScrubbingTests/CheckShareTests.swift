import Testing

@testable import Scrubbing

@Suite("A share of a store")
struct CheckShareTests {
  @Test("is a fraction, rounded up", arguments: [("1/7", 15, 3), ("1", 15, 15), ("2/3", 1, 1)])
  func shares(text: String, whole: Int, share: Int) throws {
    #expect(try #require(CheckShare(text)).of(whole) == share)
    #expect(CheckShare(text)?.description == text)
  }

  @Test(
    "is more than nothing, at most all, and nothing else",
    arguments: ["0", "8/7", "1/0", "-1/7", "x", "1/7/2", "", "1/"])
  func refused(text: String) {
    #expect(CheckShare(text) == nil)
  }

  @Test("of more bytes than there are on earth is a number still")
  func large() throws {
    #expect(try #require(CheckShare("999999/1000000")).of(1 << 60) < 1 << 60)
  }
}
