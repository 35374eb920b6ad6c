import ProofTools
import Recipients
import SecretMemory
import Testing
import Vocabulary

@testable import AgeFormat

/// One test a vector: the name of its case is the name of its file.
@Suite(
  "C2SP's conformance vectors",
  .enabled(if: AgeVector.areThere, "no vectors: set COFFER_VECTORS to the folder of cctv-age"))
struct ConformanceTests {
  /// What came of reading a file: the verdict in the vectors' words, and all that was released.
  private struct Result: Equatable {
    var verdict: String
    var released: [UInt8]
  }

  private func identities(_ vector: AgeVector) throws -> [any Identity] {
    let keys = try vector.identities.map { text in
      try Array(text.utf8).withBytes { try IdentityRegistry.parse($0) } as any Identity
    }
    let passphrases = vector.passphrases.map { text in
      PassphraseIdentity { Array(text.utf8).withBytes { SecretBytes(copying: $0) } }
    }
    return keys + passphrases
  }

  private func verdict(_ error: any Error) -> String {
    switch error as? AgeError {
    case .noIdentityMatches: "no match"
    case .headerMACMismatch: "HMAC failure"
    case .malformedArmor: "armor failure"
    case .payloadTruncated, .chunkDamaged, .lastChunkEmpty, .dataAfterLastChunk,
      .impossiblePayloadSize:
      "payload failure"
    case .none: "another error: \(error)"
    default: "header failure"
    }
  }

  /// What is armored, or all of a file.
  private func binary(_ vector: AgeVector, piece: Int) -> BufferedSource {
    let source = PiecewiseSource(vector.file, piece: piece)
    return BufferedSource(vector.isArmored ? ArmorSource(source) : source)
  }

  /// Reads a vector that comes in pieces of a size.
  private func read(_ vector: AgeVector, piece: Int) throws -> Result {
    let identities = try identities(vector)
    let sink = CollectingSink()
    var result = Result(verdict: "success", released: [])
    do {
      let source = binary(vector, piece: piece)
      let header = try AgeHeader(reading: source)
      let fileKey = try header.fileKey(for: identities)
      try AgeFile.decryptPayload(source, to: sink, with: fileKey)
    } catch {
      result.verdict = verdict(error)
    }
    result.released = sink.bytes
    return result
  }

  private func check(_ result: Result, _ vector: AgeVector) {
    #expect(result.verdict == vector.expected)
    let nothing = SHA256Hasher.digest(of: []).hex
    #expect(SHA256Hasher.digest(of: result.released).hex == vector.released ?? nothing)
  }

  @Test("the vectors are all there")
  func count() {
    #expect(AgeVector.all.count >= (StockTool.isInstalled("python3") ? 90 : 70))
  }

  @Test("a vector gives its verdict, and releases what age releases", arguments: AgeVector.all)
  func whole(vector: AgeVector) throws {
    try check(read(vector, piece: max(1, vector.file.count)), vector)
  }

  @Test("it does so in odd pieces, too", arguments: AgeVector.all)
  func pieces(vector: AgeVector) throws {
    try check(read(vector, piece: 70_001), vector)
  }

  @Test("and byte by byte", arguments: AgeVector.all.filter { $0.file.count < 300_000 })
  func byteByByte(vector: AgeVector) throws {
    try check(read(vector, piece: 1), vector)
  }

  @Test(
    "a whole file is opened all or nothing", arguments: AgeVector.all.filter { !$0.isArmored })
  func file(vector: AgeVector) throws {
    var result = Result(verdict: "success", released: [])
    let identities = try identities(vector)
    do {
      result.released = try vector.file.withBytes { try AgeFile.open($0, with: identities) }
    } catch {
      result.verdict = verdict(error)
    }
    #expect(result.verdict == vector.expected)
    if result.verdict == "success" { check(result, vector) }
  }

  @Test(
    "its header and its payload can be written again, byte for byte",
    arguments: AgeVector.all.filter { $0.expected == "success" })
  func again(vector: AgeVector) throws {
    let file = try MemorySource.all(of: binary(vector, piece: 100_000))
    let header = try AgeHeader(parsing: file)
    var text = HeaderParser.versionLine
    for stanza in header.stanzas { text.append(contentsOf: try stanza.encoded()) }
    #expect(header.bytes.starts(with: text) && header.bytes.count == text.count + 48)

    let key = try #require(Hexadecimal.decode(vector.fileKey))
    func fileKey() -> FileKey { FileKey { target in key.withBytes { target.copy(from: $0) } } }
    let payload = Array(file[header.bytes.count...])
    let plaintext = try payload.withBytes { try AgePayload.open($0, with: fileKey()) }
    let sink = CollectingSink()
    var stream = try SealingStream(fileKey: fileKey(), nonce: Array(payload[..<16]), to: sink)
    try plaintext.withBytes { try stream.write($0) }
    try stream.finish()
    let isSame = sink.bytes == payload
    #expect(isSame)
  }

  @Test(
    "its armor can be written again, byte for byte",
    arguments: AgeVector.all.filter { $0.isArmored && $0.expected == "success" })
  func armorAgain(vector: AgeVector) throws {
    let file = try MemorySource.all(of: binary(vector, piece: 100_000))
    let sink = CollectingSink()
    let armor = ArmorSink(sink)
    try file.withBytes { try armor.write($0) }
    try armor.finish()
    // What a reader may overlook: how lines end, and white space around it all.
    func lines(_ text: [UInt8]) -> [String] {
      String(decoding: text, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
    }
    #expect(lines(sink.bytes) == lines(vector.file))
    #expect(sink.bytes.last == UInt8(ascii: "\n"))
  }
}
