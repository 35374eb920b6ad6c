import Testing
import Vocabulary

@Suite struct TimeSpanTests {
  @Test(arguments: [("7d", 604_800), ("12h", 43_200), ("1y6m", 47_088_000), ("1w1d", 691_200)])
  func aTimeSpanIsReadInTheUnitsOfTheField(text: String, seconds: Int) {
    #expect(TimeSpan(text)?.seconds == seconds)
  }

  @Test(arguments: ["", "7", "d", "7x", "-1d", "7d3", "9999999999y"])
  func whatIsNoTimeSpanIsNone(text: String) {
    #expect(TimeSpan(text) == nil)
  }
}
