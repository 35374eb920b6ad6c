import ProofTools
import Recipients
import SecretMemory
import Testing

@testable import AgeFormat

@Suite("Parts of an age file, and new headers for it")
struct SeekableAgeFileTests {
  private let identity = X25519Identity.generate()

  private func sealed(_ plaintext: [UInt8]) throws -> [UInt8] {
    try plaintext.withBytes { try AgeFile.seal($0, to: [identity.recipient]) }
  }

  /// The file, whole and in two parts, each opened by position.
  private func both(_ file: [UInt8]) throws -> [SeekableAgeFile] {
    let header = try AgeHeader(parsing: file)
    let payload = Array(file[header.bytes.count...])
    return [
      try SeekableAgeFile(fileOfSize: file.count, identities: [identity]) { Array(file[$0]) },
      try SeekableAgeFile(
        header: header, payloadOfSize: payload.count, identities: [identity]
      ) { Array(payload[$0]) },
    ]
  }

  @Test("any range is what opening the whole gives, in one file and in two")
  func ranges() throws {
    var chance = SeededChance(for: "ranges of an age file")
    for size in [0, 1, 65_536, 65_537, 700_000] {
      let plaintext = chance.bytes(size)
      for part in try both(sealed(plaintext)) {
        #expect(part.plaintextSize == size)
        for _ in 0..<30 {
          let one = Int.random(in: 0...size, using: &chance)
          let other = Int.random(in: 0...size, using: &chance)
          let range = min(one, other)..<max(one, other)
          let isSame = try part.open(range) == Array(plaintext[range])
          #expect(isSame, "\(range) of \(size)")
        }
        for count in [0, 1, size, size + 10] {
          let isSame = try part.open(last: count) == Array(plaintext.suffix(count))
          #expect(isSame, "the last \(count) of \(size)")
        }
      }
    }
  }

  @Test("no more is read than the chunks of a range")
  func reading() throws {
    let file = try sealed([UInt8](repeating: 9, count: 10 << 16))
    let read = ReadCount()
    let part = try SeekableAgeFile(fileOfSize: file.count, identities: [identity]) { range in
      read.add(range.count)
      return Array(file[range])
    }
    let before = read.total
    #expect(before < 8_192)
    _ = try part.open(3 << 16..<(3 << 16) + 1)
    #expect(read.total - before == 65_552)
  }

  @Test("from the end of a file that was cut short nothing is opened")
  func cut() throws {
    let file = try sealed([UInt8](repeating: 9, count: 3 << 16))
    // Two whole chunks look like a payload of that size.
    let short = Array(file[..<(file.count - 65_552)])
    for part in try both(short) {
      #expect(part.plaintextSize == 2 << 16)
      #expect(throws: AgeError.chunkDamaged(index: 1)) { try part.open(last: 10) }
      #expect(throws: AgeError.chunkDamaged(index: 1)) { try part.verifyEnd() }
      #expect(try part.open(0..<10).count == 10)
    }
  }

  @Test("a new header lets others at the same payload, and no longer those it leaves out")
  func rewrap() throws {
    let successor = X25519Identity.generate()
    let plaintext = Array("what stays where it is".utf8)
    let file = try sealed(plaintext)
    let header = try AgeHeader(parsing: file)
    let payload = file[header.bytes.count...]
    let rewrapped = try AgeHeader(
      fileKey: header.fileKey(for: [identity]), recipients: [successor.recipient])
    let new = rewrapped.bytes + payload
    #expect(try new.withBytes { try AgeFile.open($0, with: [successor]) } == plaintext)
    #expect(throws: AgeError.noIdentityMatches) {
      try new.withBytes { try AgeFile.open($0, with: [identity]) }
    }
  }

  /// How much was read, whoever read it.
  private final class ReadCount: @unchecked Sendable {
    private(set) var total = 0

    func add(_ count: Int) { total += count }
  }
}
