import ProofTools
import SecretMemory
import Testing

@testable import Repository

@Suite("Pack archives")
struct PackArchiveTests {
  private func frames(_ count: Int, _ chance: inout SeededChance) -> [PackedFrame] {
    (0..<count).map { _ in
      let size = Int.random(in: 1...5000, using: &chance)
      let bytes = chance.bytes(size)
      let id = chance.bytes(32).withBytes { ChunkID($0) }
      return PackedFrame(
        stored: bytes, rawLength: bytes.count, codec: Bool.random(using: &chance) ? .zstd : .stored,
        chunks: [(id, bytes.count)])
    }
  }

  private func bytes(of pack: PackArchive) -> [UInt8] {
    var bytes: [UInt8] = []
    pack.write { bytes.append($0) }
    return bytes
  }

  @Test(
    "Debian's tar lists and extracts what a pack holds, and finds nothing wrong with it",
    .enabled(if: StockTool.isInstalled("tar"), "tar is not installed"))
  func stockTar() throws {
    var chance = SeededChance(for: "pack, tar")
    let folder = try ScratchFolder()
    let tar = try #require(StockTool("tar"))
    let edges = [1, 511, 512, 513, 1024].map { size in
      PackedFrame(
        stored: chance.bytes(size), rawLength: size, codec: .stored,
        chunks: [(chance.bytes(32).withBytes { ChunkID($0) }, size)])
    }
    let pack = PackArchive(edges + frames(20, &chance))
    let (archive, laidOut) = (bytes(of: pack), pack.frames)
    let file = try folder.write(archive, to: "pack.tar")

    let names = laidOut.enumerated().map { number, frame in
      "frame-\(String(repeating: "0", count: number < 10 ? 4 : 3))\(number)"
        + (frame.codec == .zstd ? ".zst" : ".raw")
    }
    let listed = try tar.run(["-tf", file])
    #expect(listed.status == 0)
    #expect(listed.text == names.map { $0 + "\n" }.joined())
    let extracted = try tar.run(["-xf", file, "-C", folder.path(of: ".")])
    #expect(extracted.status == 0 && extracted.text == "")
    for (name, frame) in zip(names, laidOut) {
      let isSame =
        try folder.read(name) == Array(archive[frame.offset..<frame.offset + frame.storedLength])
      #expect(isSame, "\(name)")
    }
    let compared = try tar.run(["-df", file, "-C", folder.path(of: "."), "--no-same-owner"])
    #expect(!compared.text.contains("Contents differ") && !compared.text.contains("Size differs"))
  }

  @Test("every frame lies where its description says, and the size is a Padmé size")
  func descriptions() throws {
    var chance = SeededChance(for: "pack, descriptions")
    for count in [0, 1, 2, 40] {
      let frames = frames(count, &chance)
      let pack = PackArchive(frames)
      let (archive, laidOut) = (bytes(of: pack), pack.frames)
      #expect(laidOut.count == count)
      #expect(PadmeSize.holding(archive.count) == archive.count)
      for frame in frames {
        let id = frame.chunks[0].id
        let place = try #require(laidOut.first { $0.chunks[0].id == id })
        let isSame =
          Array(archive[place.offset..<place.offset + place.storedLength]) == frame.stored
        #expect(isSame)
        #expect(place.codec == frame.codec && place.rawLength == frame.rawLength)
      }
      let end = laidOut.last.map { ($0.offset + $0.storedLength + 511) / 512 * 512 } ?? 0
      #expect(archive.count >= end + 1024)
      #expect(archive[end...].allSatisfy { $0 == 0 })
    }
  }

  @Test("the order of frames differs from one pack to the next")
  func order() {
    var chance = SeededChance(for: "pack, order")
    let frames = frames(30, &chance)
    let orders = (0..<3).map { _ in PackArchive(frames).frames.map { $0.chunks[0].id } }
    #expect(orders[0] != orders[1] && orders[1] != orders[2])
    #expect(Set(orders[0]) == Set(orders[1]))
    #expect(orders[0] != frames.map { $0.chunks[0].id })
  }
}
