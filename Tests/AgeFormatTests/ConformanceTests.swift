import ProofTools
import Recipients
import SecretMemory
import Testing
import Vocabulary

@testable import AgeFormat

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
    try vector.identities.map { text in
      try Array(text.utf8).withBytes { try X25519Identity(parsing: $0) }
    }
  }

  private func verdict(_ error: any Error) -> String {
    switch error as? AgeError {
    case .noIdentityMatches: "no match"
    case .headerMACMismatch: "HMAC failure"
    case .payloadTruncated, .chunkDamaged, .lastChunkEmpty, .dataAfterLastChunk,
      .impossiblePayloadSize:
      "payload failure"
    case .none: "another error: \(error)"
    default: "header failure"
    }
  }

  /// Reads a vector as a stream that comes in pieces of a size.
  private func read(_ vector: AgeVector, piece: Int) throws -> Result {
    var result = Result(verdict: "success", released: [])
    let identities = try identities(vector)
    do {
      let header = try AgeHeader(parsing: vector.file)
      var stream = OpeningStream(fileKey: try header.fileKey(for: identities))
      try vector.file.withBytes { file in
        var start = header.bytes.count
        while start < file.byteCount {
          let end = min(start + piece, file.byteCount)
          try stream.write(file.extracting(start..<end)) { result.released.append($0) }
          start = end
        }
      }
      try stream.finish { result.released.append($0) }
    } catch {
      result.verdict = verdict(error)
    }
    return result
  }

  private func check(_ result: Result, _ vector: AgeVector) {
    #expect(result.verdict == vector.expected)
    let nothing = SHA256Hasher.digest(of: []).hex
    #expect(SHA256Hasher.digest(of: result.released).hex == vector.released ?? nothing)
  }

  @Test("the vectors that concern us are all there")
  func count() {
    #expect(AgeVector.classic.count >= (StockTool.isInstalled("python3") ? 45 : 31))
  }

  @Test("a vector gives its verdict, and releases what age releases", arguments: AgeVector.classic)
  func whole(vector: AgeVector) throws {
    try check(read(vector, piece: max(1, vector.file.count)), vector)
  }

  @Test("it does so in odd pieces, too", arguments: AgeVector.classic)
  func pieces(vector: AgeVector) throws {
    try check(read(vector, piece: 70_001), vector)
  }

  @Test(
    "and byte by byte", arguments: AgeVector.classic.filter { $0.file.count < 300_000 })
  func byteByByte(vector: AgeVector) throws {
    try check(read(vector, piece: 1), vector)
  }

  @Test("a whole file is opened all or nothing", arguments: AgeVector.classic)
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
    "what is read can be written again, byte for byte",
    arguments: AgeVector.classic.filter { $0.expected == "success" })
  func again(vector: AgeVector) throws {
    let header = try AgeHeader(parsing: vector.file)
    var text = HeaderParser.versionLine
    for stanza in header.stanzas { text.append(contentsOf: try stanza.encoded()) }
    #expect(header.bytes.starts(with: text) && header.bytes.count == text.count + 48)

    let key = try #require(Hexadecimal.decode(vector.fileKey))
    func fileKey() -> FileKey { FileKey { target in key.withBytes { target.copy(from: $0) } } }
    let payload = Array(vector.file[header.bytes.count...])
    let plaintext = try payload.withBytes { try AgePayload.open($0, with: fileKey()) }
    var sealed: [UInt8] = []
    var stream = SealingStream(fileKey: fileKey(), nonce: Array(payload[..<16]))
    plaintext.withBytes { stream.write($0) { sealed.append($0) } }
    stream.finish { sealed.append($0) }
    let isSame = sealed == payload
    #expect(isSame)
  }
}
