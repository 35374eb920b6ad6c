import SecretMemory
import Testing
import Vocabulary

@testable import Volumes

@Suite("A volume that is made good")
struct RebuiltVolumeTests {
  /// A medium with places that cannot be read.
  private struct BadMedium: VolumeBytes {
    let byte: UInt8
    let bad: Range<Int>
    var count: Int { 4 << 20 }

    func read(_ range: Range<Int>) throws -> [UInt8] {
      guard !range.overlaps(bad) else {
        throw OperatorError("volume.unreadable", .mismatch, "cannot be read")
      }
      return [UInt8](repeating: byte, count: range.count)
    }
  }

  @Test("is read where it can be, and made from others where not")
  func mended() throws {
    let mended = MendedVolume(
      own: BadMedium(byte: 1, bad: 0..<10), rebuilt: BadMedium(byte: 2, bad: 3 << 20..<4 << 20))
    var bytes: [UInt8] = []
    try mended.stream(0..<mended.count) { piece in
      bytes.append(piece)
    }
    #expect(bytes.count == mended.count)
    #expect(bytes.prefix(1 << 20).allSatisfy { $0 == 2 })
    #expect(bytes.dropFirst(1 << 20).allSatisfy { $0 == 1 })
  }

  @Test("is made from every choice of others in turn")
  func choices() {
    #expect(Array(Choices(2, of: [1, 4, 7])) == [[1, 4], [1, 7], [4, 7]])
    #expect(Array(Choices(3, of: [1, 4, 7])) == [[1, 4, 7]])
    #expect(Array(Choices(4, of: [1, 4, 7])).isEmpty)
    #expect(Set(Choices(4, of: Array(0..<9))).count == 126)
  }
}
