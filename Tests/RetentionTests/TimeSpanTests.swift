import Testing
import Vocabulary

@Suite struct TimeSpanTests {
  @Test(arguments: [("7d", 604_800), ("12h", 43_200), ("1y6m", 47_088_000), ("1w1d", 691_200)])
  func aTimeSpanIsReadInTheUnitsOfTheField(text: String, seconds: Int) {
    #expect(TimeSpan(text)?.seconds == seconds)
  }

  @Test(arguments: [(0, "0s"), (59, "59s"), (604_800, "1w"), (5_269_383, "2m23h")])
  func aTimeSpanIsToldToPeopleInTwoUnitsAtMost(seconds: Int, text: String) {
    #expect(TimeSpan(seconds: seconds).roughly == text)
  }

  @Test(arguments: ["", "7", "d", "7x", "-1d", "7d3", "9999999999y"])
  func whatIsNoTimeSpanIsNone(text: String) {
    #expect(TimeSpan(text) == nil)
  }
}
