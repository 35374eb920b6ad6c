import SecretMemory

/// The tar archive inside a pack (POSIX.1-1988 ustar), with its frames in random order.
///
/// Written here and not by a library because offsets of frames are part of the index, and 512
/// fixed bytes are less than the doorway to one; see `docs/decisions/0002-tar-by-hand.md`.
/// It is never in memory as a whole: frames are sealed from where they lie.
struct PackArchive {
  /// The frames in the order in which they lie.
  let frames: [FrameDescription]
  private let packed: [PackedFrame]
  private let size: Int

  /// Lays frames out.
  ///
  /// - Parameter frames: the frames, in any order.
  init(_ frames: [PackedFrame]) {
    packed = Self.shuffled(frames)
    var end = 0
    self.frames = packed.map { frame in
      defer { end += TarHeader.block + TarHeader.padded(frame.stored.count) }
      return FrameDescription(
        offset: end + TarHeader.block, storedLength: frame.stored.count, rawLength: frame.rawLength,
        codec: frame.codec, chunks: frame.chunks)
    }
    size = PadmeSize.holding(end + TarHeader.endSize)
  }

  /// Hands on all bytes, padded, one piece after the other.
  func write(to take: (RawSpan) throws -> Void) rethrows {
    var written = 0
    func hand(on bytes: [UInt8]) throws {
      try bytes.withBytes { try take($0) }
      written += bytes.count
    }
    for (number, frame) in packed.enumerated() {
      let length = frame.stored.count
      try hand(on: TarHeader(name: Self.name(number, frame.codec), size: length).bytes)
      try hand(on: frame.stored)
      try hand(on: Self.zeros(TarHeader.padded(length) - length))
    }
    try hand(on: Self.zeros(size - written))
  }

  /// Fisher and Yates with the system's randomness: the order must tell nothing.
  private static func shuffled(_ frames: [PackedFrame]) -> [PackedFrame] {
    var order = frames
    for index in stride(from: order.count - 1, to: 0, by: -1) {
      order.swapAt(index, Int(Randomness.number(below: UInt32(index + 1))))
    }
    return order
  }

  private static func name(_ number: Int, _ codec: FrameCodec) -> String {
    let digits = String(number)
    let padding = String(repeating: "0", count: max(0, 5 - digits.count))
    return "frame-\(padding)\(digits).\(codec == .zstd ? "zst" : "raw")"
  }

  private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
}
