import Testing

@testable import Volumes

@Suite("The size of a volume")
struct VolumeSizeTests {
  @Test(
    "counts as makers of media do",
    arguments: [
      ("25G", 25_000_000_000), ("4GiB", 1 << 32), ("700M", 700_000_000), ("200000", 200_000),
    ])
  func sizes(text: String, bytes: Int) throws {
    #expect(try #require(VolumeSize(text)).bytes == bytes)
  }

  @Test(
    "is nothing else, and no less than a description takes",
    arguments: ["", "0", "-5G", "G", "1K", "1.5G", "25 G", "99999999T", "5g"])
  func refused(text: String) {
    #expect(VolumeSize(text) == nil)
  }
}
