import Testing
import Vocabulary

@Suite("Timestamp")
struct TimestampTests {
  @Test(
    "known moments are written and read",
    arguments: [
      (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"),
      (1_735_689_599, "2024-12-31T23:59:59Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
      (-1, "1969-12-31T23:59:59Z"),
    ])
  func known(seconds: Int, text: String) {
    #expect(Timestamp(secondsSince1970: seconds).text == text)
    #expect(Timestamp(text)?.secondsSince1970 == seconds)
  }

  @Test("every day for four hundred years survives the way out and back")
  func everyDay() {
    for day in 0..<146_097 {
      let moment = Timestamp(secondsSince1970: day * 86_400 + day % 86_400)
      guard Timestamp(moment.text) == moment else {
        Issue.record("\(moment.text)")
        return
      }
    }
  }

  @Test(
    "what is no moment is refused",
    arguments: [
      "", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01 00:00:00Z",
      "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "٢٠٢٦-01-01T0:00:0Z",
    ])
  func refusals(text: String) {
    #expect(Timestamp(text) == nil)
  }

  @Test("the form for names has no punctuation")
  func compact() {
    #expect(Timestamp(secondsSince1970: 0).compactText == "19700101T000000Z")
  }
}
