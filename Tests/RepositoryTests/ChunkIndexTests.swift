import ProofTools
import SecretMemory
import SystemPackage
import Testing
import Vocabulary

@testable import Repository

@Suite("Where the chunks of a snapshot lie")
struct ChunkIndexTests {
  private func chunk(_ number: Int) -> ChunkID {
    SHA256Hasher.digest(of: Array("chunk \(number)".utf8)).bytes.withBytes { ChunkID($0) }
  }

  private func pack(_ name: String, _ frames: [[(id: ChunkID, length: Int)]]) -> PackDescription {
    var offset = 512
    return PackDescription(
      name: SHA256Hasher.digest(of: Array(name.utf8)),
      frames: frames.map { chunks in
        let raw = chunks.reduce(0) { $0 + $1.length }
        defer { offset += raw + 512 }
        return FrameDescription(
          offset: offset, storedLength: raw, rawLength: raw, codec: .stored, chunks: chunks)
      })
  }

  private func needed(_ packs: [PackDescription]) -> NeededSet {
    var needed = NeededSet()
    for pack in packs { needed.insert(.pack(pack.name), .init(size: 1, sha256: pack.name)) }
    return needed
  }

  @Test(
    "every chunk is found where it lies, whether memory holds them all or a scratch file does",
    arguments: [1, 7, 100, 1000, 1 << 17], ["/dev/shm", "/proc", "/nowhere"])
  func found(most: Int, scratch: String) throws {
    let packs = (0..<20).map { number in
      pack(
        "pack \(number)",
        (0..<5).map { frame in
          (0..<33).map { (chunk(number * 165 + frame * 33 + $0), 1 + $0) }
        })
    }
    let needed = needed(Array(packs.dropLast()))
    var builder = ChunkIndexBuilder(scratch: FilePath(scratch), atMost: most)
    for pack in packs { try builder.insert(pack, neededBy: needed) }
    let index = try builder.finish()
    #expect(index.count == 19 * 165)
    for pack in packs.dropLast() {
      for frame in pack.frames {
        var offset = 0
        for chunk in frame.chunks {
          let place = try index.place(of: chunk.id)
          let found = index.frame(place.frame)
          #expect(found.pack == pack.name && found.frame.offset == frame.offset)
          #expect(found.frame.storedLength == frame.storedLength)
          #expect(Int(place.offset) == offset && Int(place.length) == chunk.length)
          offset += chunk.length
        }
      }
    }
    for number in [19 * 165, 20 * 165 - 1, 5000] {
      #expect(refusal { _ = try index.place(of: chunk(number)) }?.code == "chunk.missing")
    }
  }

  @Test("ids that somebody chose to lie close together are found, too", arguments: [10, 1 << 17])
  func crowded(most: Int) throws {
    let ids = (0..<3000).map { number in
      ([UInt8](repeating: 7, count: 14) + [UInt8(number % 256), UInt8(number / 256)]
        + [UInt8](repeating: 1, count: 16)).withBytes { ChunkID($0) }
    }
    let pack = pack("pack", [ids.map { ($0, 1) }])
    var builder = ChunkIndexBuilder(scratch: "/dev/shm", atMost: most)
    try builder.insert(pack, neededBy: needed([pack]))
    let index = try builder.finish()
    for (number, id) in ids.enumerated() {
      #expect(try index.place(of: id).offset == UInt32(number))
    }
    #expect(refusal { _ = try index.place(of: chunk(1)) }?.code == "chunk.missing")
  }

  @Test("a chunk that stands in two packs is found in one of them, and nothing is known of none")
  func twice() throws {
    let packs = ["a", "b"].map { pack($0, [[(chunk(1), 5), (chunk(2), 6)]]) }
    var builder = ChunkIndexBuilder(scratch: "/dev/shm", atMost: 1)
    for pack in packs { try builder.insert(pack, neededBy: needed(packs)) }
    let index = try builder.finish()
    #expect(try index.place(of: chunk(2)).length == 6)
    let empty = try ChunkIndexBuilder(scratch: "/dev/shm").finish()
    #expect(refusal { _ = try empty.place(of: chunk(2)) }?.code == "chunk.missing")
  }
}
