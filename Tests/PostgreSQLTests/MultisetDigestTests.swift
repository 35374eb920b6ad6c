import FoundationEssentials
import PostgreSQL
import SecretMemory
import Testing
import Vocabulary

@Suite struct MultisetDigestTests {
  private func digest(_ rows: [String]) -> MultisetDigest { DumpArchiveObserverTests.digest(rows) }

  @Test func orderDoesNotMatter() {
    #expect(digest(["a", "b", "b", "c"]) == digest(["b", "c", "a", "b"]))
  }

  @Test func everyRowMatters() {
    let whole = digest(["a", "b"])
    for other in [["a"], ["a", "b", "b"], ["a", "c"], ["ab"], ["a", "b", ""], []] {
      #expect(digest(other) != whole)
    }
  }

  @Test func oneRowIsItsBLAKE2bHash() {
    // RFC 7693's function with 32 bytes of output, of "abc".
    #expect(
      digest(["abc"]).hex == "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319")
  }

  @Test func theSumCarriesFromWordToWord() throws {
    let most = try #require(MultisetDigest(hex: String(repeating: "f", count: 64)))
    var sum = most
    Array("abc".utf8).withBytes { sum.add(row: $0) }
    // 2^256 - 1 + h = h - 1
    #expect(sum.hex == "bcdd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319")
  }

  @Test func itIsWrittenAsHexadecimalAndReadBack() throws {
    let one = digest(["x", "y"])
    #expect(MultisetDigest(hex: one.hex) == one)
    #expect(MultisetDigest(hex: "00") == nil)
    let json = try JSONEncoder().encode([one])
    #expect(String(decoding: json, as: UTF8.self) == "[\"\(one.hex)\"]")
    #expect(try JSONDecoder().decode([MultisetDigest].self, from: json) == [one])
  }
}
