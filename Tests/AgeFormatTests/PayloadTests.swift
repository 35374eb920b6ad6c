import ProofTools
import SecretMemory
import Testing

@testable import AgeFormat

@Suite("Payloads")
struct PayloadTests {
  static let sizes = [0, 1, 65_535, 65_536, 65_537, 131_072, 131_073, 64 << 16, (64 << 16) + 1]

  private let keyBytes = Randomness.bytes(count: 16)

  private func fileKey() -> FileKey {
    FileKey { target in keyBytes.withBytes { target.copy(from: $0) } }
  }

  private func sealed(_ plaintext: [UInt8]) -> [UInt8] {
    plaintext.withBytes { AgePayload.seal($0, with: fileKey()) }
  }

  private func plaintext(_ size: Int) -> [UInt8] {
    var chance = SeededChance(seed: UInt64(size))
    return chance.bytes(size)
  }

  private func open(_ payload: [UInt8], piece: Int) throws -> (released: Int, error: AgeError?) {
    let sink = CollectingSink()
    do {
      let source = BufferedSource(PiecewiseSource(payload, piece: piece))
      try AgeFile.decryptPayload(source, to: sink, with: fileKey())
      return (sink.bytes.count, nil)
    } catch let error as AgeError {
      return (sink.bytes.count, error)
    }
  }

  @Test("what was sealed opens, and has the size foretold", arguments: sizes)
  func roundTrip(size: Int) throws {
    let plaintext = plaintext(size)
    let payload = sealed(plaintext)
    #expect(payload.count == AgePayload.sealedSize(ofPlaintext: size))
    #expect(try AgePayload.plaintextSize(ofSealed: payload.count) == size)
    let isSame = try payload.withBytes { try AgePayload.open($0, with: fileKey()) } == plaintext
    #expect(isSame)
  }

  @Test("no payload has an impossible size")
  func impossibleSizes() {
    #expect(throws: AgeError.payloadNonceMissing) { try AgePayload.plaintextSize(ofSealed: 15) }
    for size in [16, 31, 16 + 65_552 + 1, 16 + 65_552 + 16] {
      #expect(throws: AgeError.impossiblePayloadSize(size)) {
        try AgePayload.plaintextSize(ofSealed: size)
      }
    }
    for size in stride(from: 0, to: 400_000, by: 37) {
      #expect(
        (try? AgePayload.plaintextSize(ofSealed: AgePayload.sealedSize(ofPlaintext: size))) == size)
    }
  }

  @Test("a stream is the same whatever pieces it was written in", arguments: sizes)
  func pieces(size: Int) throws {
    let plaintext = plaintext(size)
    let nonce = Randomness.bytes(count: 16)
    var expected = [UInt8](repeating: 0, count: AgePayload.sealedSize(ofPlaintext: size))
    expected.withMutableBytes { payload in
      plaintext.withBytes {
        AgePayload.seal($0, with: fileKey(), nonce: nonce, into: &payload)
      }
    }
    for piece in [1_000, 65_536, 100_000, 64 << 16, 128 << 16] {
      let sink = CollectingSink()
      var stream = try SealingStream(fileKey: fileKey(), nonce: nonce, to: sink)
      try plaintext.withBytes { plaintext in
        for start in stride(from: 0, to: plaintext.byteCount, by: piece) {
          let end = min(start + piece, plaintext.byteCount)
          try stream.write(plaintext.extracting(start..<end))
        }
      }
      try stream.finish()
      let isSame = sink.bytes == expected
      #expect(isSame, "pieces of \(piece)")
    }
    for piece in [1, 65_537, 1_000_000] where piece > 1 || size < 70_000 {
      let sink = CollectingSink()
      var stream = try SealingStream(fileKey: fileKey(), nonce: nonce, to: sink)
      try stream.write(from: PiecewiseSource(plaintext, piece: piece))
      try stream.finish()
      let isSame = sink.bytes == expected
      #expect(isSame, "read in pieces of \(piece)")
    }
  }

  @Test("random ranges are what opening the whole gives")
  func randomAccess() throws {
    var chance = SeededChance(for: "random access")
    for size in [1, 65_536, 65_537, 1_000_000, 5_000_000] {
      let plaintext = chance.bytes(size)
      let payload = sealed(plaintext)
      let reader = try PayloadReader(
        fileKey: fileKey(), nonce: Array(payload[..<16]), sealedSize: payload.count)
      #expect(reader.plaintextSize == size)
      try reader.verifyEnd { Array(payload[$0]) }
      for _ in 0..<60 {
        let one = Int.random(in: 0...size, using: &chance)
        let other = Int.random(in: 0...size, using: &chance)
        let range = min(one, other)..<max(one, other)
        var bytesRead = 0
        let part = try reader.open(range) { wanted in
          bytesRead += wanted.count
          return Array(payload[wanted])
        }
        let isSame = part == Array(plaintext[range])
        #expect(isSame, "\(range) of \(size)")
        #expect(bytesRead <= range.count + 2 * 65_552 + 16 * (range.count / 65_536 + 2))
      }
    }
  }

  @Test("random access refuses what is damaged, cut short, out of range or read wrongly")
  func randomAccessRefusals() throws {
    var payload = sealed(plaintext(200_000))
    payload[16 + 65_552 + 9] ^= 1
    let nonce = Array(payload[..<16])
    let reader = try PayloadReader(fileKey: fileKey(), nonce: nonce, sealedSize: payload.count)
    #expect(try reader.open(0..<65_536) { Array(payload[$0]) }.count == 65_536)
    #expect(throws: AgeError.chunkDamaged(index: 1)) {
      try reader.open(0..<200_000) { Array(payload[$0]) }
    }
    #expect(throws: AgeError.rangeOutsidePayload) {
      try reader.open(0..<200_001) { Array(payload[$0]) }
    }
    #expect(throws: AgeError.wrongReadSize(expected: 65_552, got: 1)) {
      try reader.open(0..<1) { _ in [0] }
    }
    let cut = try PayloadReader(fileKey: fileKey(), nonce: nonce, sealedSize: 16 + 65_552)
    #expect(throws: AgeError.chunkDamaged(index: 0)) {
      try cut.verifyEnd { Array(payload[$0]) }
    }
  }

  @Test("cut anywhere, a payload releases its whole chunks and then fails", arguments: [1, 9_999])
  func truncation(piece: Int) throws {
    let payload = sealed(plaintext(140_000))
    let chunk = 65_552
    let sizes = [
      0, 15, 16, 17, 16 + 15, 16 + chunk - 1, 16 + chunk, 16 + chunk + 16, 16 + 2 * chunk,
    ]
    for size in sizes + [payload.count - 1] where piece > 1 || size < 70_000 {
      let (released, error) = try open(Array(payload[..<size]), piece: piece)
      #expect(released == max(0, size - 16) / chunk * 65_536, "cut at \(size)")
      #expect(error != nil, "cut at \(size)")
    }
  }

  @Test("a payload of many batches releases what stands before the damage, and repeats its error")
  func damage() throws {
    var payload = sealed(plaintext(130 << 16))
    let damaged = 100
    payload[16 + damaged * 65_552 + 5] ^= 1
    let (released, error) = try open(payload, piece: 1_000_000)
    #expect(released == damaged << 16 && error == .chunkDamaged(index: damaged))

    var stream = try OpeningStream(
      fileKey: fileKey(), nonce: Array(payload[..<16]), to: CollectingSink())
    let chunks = Array(payload[16...])
    // What is wrong in a batch may be said when the next one comes.
    #expect(throws: AgeError.chunkDamaged(index: damaged)) {
      for _ in 0..<3 { try chunks.withBytes { try stream.write($0) } }
    }
    #expect(throws: AgeError.chunkDamaged(index: damaged)) {
      try [0].withBytes { try stream.write($0) }
    }
  }

  @Test("a sink that fails stops the stream, and its error is repeated")
  func failingSink() throws {
    final class Full: ByteSink {
      func write(_ bytes: RawSpan) throws {
        if bytes.byteCount > 16 { throw AgeError.payloadTruncated }
      }
    }
    var stream = try SealingStream(fileKey: fileKey(), to: Full())
    let much = [UInt8](repeating: 0, count: 40 << 16)
    #expect(throws: AgeError.payloadTruncated) {
      for _ in 0..<10 { try much.withBytes { try stream.write($0) } }
    }
    #expect(throws: AgeError.payloadTruncated) { try much.withBytes { try stream.write($0) } }
  }

  @Test("where the source fails, what came whole before is released")
  func failingSource() throws {
    final class Broken: ByteSource {
      let good: PiecewiseSource
      init(_ bytes: [UInt8]) { good = PiecewiseSource(bytes, piece: 9_999) }
      func read(into room: inout MutableRawSpan) throws -> Int {
        let count = good.read(into: &room)
        if count == 0 { throw AgeError.headerTruncated }
        return count
      }
    }
    let payload = sealed(plaintext(20 << 16))
    let sink = CollectingSink()
    var stream = try OpeningStream(fileKey: fileKey(), nonce: Array(payload[..<16]), to: sink)
    #expect(throws: AgeError.headerTruncated) {
      try stream.write(from: Broken(Array(payload[16..<16 + 11 * 65_552 + 100])))
    }
    #expect(sink.bytes.count == 11 << 16)
  }

  @Test("chunks that changed places are refused")
  func order() throws {
    let payload = sealed(plaintext(3 << 16))
    let chunk = 65_552
    let swapped =
      payload[..<16] + payload[(16 + chunk)..<(16 + 2 * chunk)] + payload[16..<(16 + chunk)]
      + payload[(16 + 2 * chunk)...]
    #expect(try open(Array(swapped), piece: swapped.count).error == .chunkDamaged(index: 0))
  }

  @Test("two payloads of one plaintext have nothing in common")
  func freshNonces() {
    let plaintext = plaintext(100)
    #expect(sealed(plaintext)[..<16] != sealed(plaintext)[..<16])
    #expect(sealed(plaintext)[16...] != sealed(plaintext)[16...])
  }
}
