import AgeFormat
import SecretMemory

/// A payload that was sealed, then damaged as the input says, and is opened in several ways.
///
/// No fuzzer finds a tag, so the input is no payload but what happens to one: its first bytes choose
/// the size of the plaintext, the rest are changes. What is released must be where the plaintext starts.
enum StreamFuzzing {
  static func run(_ input: [UInt8]) {
    var input = Input(input)
    let original = SealedPayload.ofSize(size(&input))
    let choice = Int(input.byte())
    var payload = original.bytes
    while let change = Change(&input) { change.apply(to: &payload) }

    let whole = stream(payload, piece: max(1, payload.count))
    // Byte by byte where that is soon done.
    let piece = payload.count < 2_000 ? 1 : 1_000 + choice * 257
    let inPieces = stream(payload, piece: piece)
    demand(
      isSame(whole.released, inPieces.released) && whole.error == inPieces.error,
      "whole and in pieces of \(piece) differ: \(whole), \(inPieces)")
    demand(starts(original.plaintext, with: whole.released), "what was never sealed is released")
    let isUnchanged = isSame(payload, original.bytes)
    demand((whole.error == nil) == isUnchanged, "unchanged: \(isUnchanged), but \(whole)")
    demand(
      !isUnchanged || whole.released.count == original.plaintext.count, "not all is released")
    let opened = payload.withBytes { try? AgePayload.open($0, with: SealedPayload.fileKey) }
    demand((opened != nil) == isUnchanged, "opened at once: \(opened != nil)")
    demand(opened.map { isSame($0, original.plaintext) } ?? true, "opened at once is another thing")
    part(of: payload, from: Int(input.byte()), original)
  }

  /// Sizes around every boundary; most are small, for a reader that works on batches does its best on
  /// the large ones, and the fuzzer on the small.
  private static func size(_ input: inout Input) -> Int {
    let choice = Int(input.byte())
    let around = choice % 3 - 1
    switch choice {
    case 255: return 9 * PayloadLayout.chunkSize + 5
    case 252...: return 8 * PayloadLayout.chunkSize + around
    case 246...: return 2 * PayloadLayout.chunkSize + around
    case 240...: return PayloadLayout.chunkSize + around
    default: return choice
    }
  }

  private static func isSame(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    one.count == other.count && starts(one, with: other)
  }

  /// What came of opening a payload piece by piece.
  private struct Outcome: CustomStringConvertible {
    var released: [UInt8]
    var error: AgeError?

    var description: String { "\(released.count) bytes, \(error.map { "\($0)" } ?? "no error")" }
  }

  private static func stream(_ payload: [UInt8], piece: Int) -> Outcome {
    let sink = CollectingSink()
    do {
      let source = BufferedSource(PiecewiseSource(payload, piece: piece))
      try AgeFile.decryptPayload(source, to: sink, with: SealedPayload.fileKey)
      return Outcome(released: sink.bytes)
    } catch {
      demand(error is AgeError, "a payload fails with \(error)")
      return Outcome(released: sink.bytes, error: error as? AgeError)
    }
  }

  /// Opens a part from somewhere, which is refused or is what was sealed there.
  private static func part(of payload: [UInt8], from start: Int, _ original: SealedPayload) {
    guard
      let reader = try? PayloadReader(
        fileKey: SealedPayload.fileKey, nonce: Array(payload.prefix(PayloadLayout.nonceSize)),
        sealedSize: payload.count)
    else { return }
    let from = min(start * 257, reader.plaintextSize)
    let range = from..<min(from + 300, reader.plaintextSize)
    if let bytes = try? reader.open(range, reading: { Array(payload[$0]) }) {
      demand(bytes.elementsEqual(original.plaintext[range]), "a part is not what was sealed")
    }
    let isWhole = (try? reader.verifyEnd { Array(payload[$0]) }) != nil
    demand(
      !isWhole || reader.plaintextSize == original.plaintext.count, "a wrong end is taken for one")
  }
}

/// Bytes that are used up; zeros where there are none left.
struct Input {
  private var bytes: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

  var isEmpty: Bool { bytes.isEmpty }

  mutating func byte() -> UInt8 { bytes.popFirst() ?? 0 }

  mutating func number() -> Int { Int(byte()) << 16 | Int(byte()) << 8 | Int(byte()) }
}
