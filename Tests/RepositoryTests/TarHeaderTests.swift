import ProofTools
import Testing

@testable import Repository

@Suite("The header of a file in an archive")
struct TarHeaderTests {
  private static let names = [
    "coffer.json", "a/" + String(repeating: "b", count: 98),
    "indexes/20260102T030405Z-1a2b3c4d." + String(repeating: "c", count: 64) + ".age",
  ]

  @Test("is read as it was written", arguments: names, [0, 511, 1 << 33 - 1, 1 << 33, 1 << 40])
  func roundTrip(name: String, size: Int) throws {
    let bytes = TarHeader(name: name, size: size).bytes
    let header = try #require(TarHeader(bytes))
    #expect(bytes.count == TarHeader.block && header.name == name && header.size == size)
  }

  @Test("is what stock tar reads", arguments: names)
  func stockTar(name: String) throws {
    let folder = try ScratchFolder()
    let content = Array("content".utf8)
    var archive = TarHeader(name: name, size: content.count).bytes + content
    archive += [UInt8](repeating: 0, count: TarHeader.block - content.count + TarHeader.endSize)
    let path = try folder.write(archive, to: "archive.tar")
    let tar = try #require(StockTool("tar"))
    let listed = try tar.run(["-tvf", path])
    #expect(listed.status == 0 && listed.text.contains(name), "\(listed)")
    #expect(listed.text.hasPrefix("-rw-------"))
  }

  @Test("of another byte is refused, or says something else")
  func changed() throws {
    var chance = SeededChance(for: "a changed header")
    let bytes = TarHeader(name: Self.names[2], size: 12_345).bytes
    for place in bytes.indices {
      var other = bytes
      other[place] ^= UInt8.random(in: 1...255, using: &chance)
      // The sum over all bytes says so, wherever it is.
      #expect(TarHeader(other) == nil, "byte \(place)")
    }
  }
}
