internal import SecretMemory

/// Some neighbouring chunks of a payload on their way: what came in, and room for what goes out.
///
/// One at a time has it: whoever fills it, then a worker, then whoever takes the output. It is made
/// once and used again, for fresh memory costs a fault a page.
@safe final class Batch: @unchecked Sendable {
  /// How many chunks a batch has: a megabyte, long against handing it on, short against a cache.
  static let chunks = 16

  /// Its place among the batches of a payload, counted from 0.
  var number = 0
  /// Whether nothing follows it.
  var isLast = false
  /// How many bytes came in.
  private(set) var filled = 0
  /// How many bytes go out.
  private var written = 0

  /// Where what comes in lies, where it is read only when it is worked on.
  private var place: (source: any PositionedSource, range: Range<Int>)?

  private let capacity: Int
  private let input: UnsafeMutableRawPointer
  private let output: UnsafeMutableRawPointer

  private static let outputCapacity = chunks * PayloadLayout.sealedChunkSize

  /// Makes room for `capacity` bytes to come in, at most sixteen sealed chunks.
  init(capacity: Int) {
    precondition(capacity <= Self.outputCapacity)
    self.capacity = capacity
    unsafe input = .allocate(byteCount: capacity, alignment: 64)
    unsafe output = .allocate(byteCount: Self.outputCapacity, alignment: 64)
  }

  /// Whether nothing came in yet.
  var isEmpty: Bool { filled == 0 }

  /// Whether nothing more fits in.
  var isFull: Bool { filled == capacity }

  /// The place of its first chunk in the payload.
  var firstChunk: Int { number * Self.chunks }

  /// Lends the room that is left; `body` says how much of it it filled.
  func fill(_ body: (inout MutableRawSpan) throws -> Int) rethrows -> Int {
    var room = unsafe MutableRawSpan(
      _unsafeStart: input + filled, byteCount: capacity - filled)
    let count = try body(&room)
    filled += count
    return count
  }

  /// Takes bytes that stay where they are until they are worked on.
  func take(_ range: Range<Int>, of source: any PositionedSource) {
    place = (source, range)
    filled = range.count
  }

  /// Takes as many bytes as fit, and says how many did.
  func take(_ bytes: RawSpan) -> Int {
    fill { room in
      let count = min(room.byteCount, bytes.byteCount)
      var target = room._mutatingExtracting(0..<count)
      target.copy(from: bytes.extracting(0..<count))
      return count
    }
  }

  /// Lends what came in and the room for what goes out; `body` says how much that is.
  ///
  /// Throws where what comes in is read now, and cannot be.
  func work<Outcome>(
    _ body: (RawSpan, inout MutableRawSpan) -> (Outcome, written: Int)
  ) throws -> Outcome {
    var room = unsafe MutableRawSpan(_unsafeStart: output, byteCount: Self.outputCapacity)
    if let place {
      var input = unsafe MutableRawSpan(_unsafeStart: input, byteCount: filled)
      try place.source.read(place.range, into: &input)
    }
    let (outcome, count) = body(unsafe RawSpan(_unsafeStart: input, byteCount: filled), &room)
    written = count
    return outcome
  }

  /// Lends what goes out.
  func withOutput(_ body: (RawSpan) throws -> Void) rethrows {
    try body(unsafe RawSpan(_unsafeStart: output, byteCount: written))
  }

  /// Drops what came of a piece of this size that is not whole.
  func dropPart(of size: Int) {
    filled -= filled % size
  }

  /// Makes it as good as new.
  func empty() {
    filled = 0
    written = 0
    isLast = false
    place = nil
  }

  deinit {
    unsafe input.deallocate()
    unsafe output.deallocate()
  }
}
