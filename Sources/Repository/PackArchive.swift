import SecretMemory

/// The tar archive inside a pack (POSIX.1-1988 ustar), with its frames in random order.
///
/// Written here and not by a library because offsets of frames are part of the index, and 512
/// fixed bytes are less than the doorway to one; see `docs/decisions/0002-tar-by-hand.md`.
enum PackArchive {
  private static let block = 512

  /// Lays frames out.
  ///
  /// - Parameters:
  ///   - frames: the frames, in any order.
  ///   - archive: becomes the archive, padded; its room is used again.
  /// - Returns: the frames in the order in which they lie.
  static func layOut(
    _ frames: [PackedFrame], into archive: inout [UInt8]
  ) -> [FrameDescription] {
    let order = shuffled(frames)
    let content = order.reduce(2 * block) { $0 + block + roundedUp($1.stored.count) }
    let size = PadmeSize.holding(content)
    archive.removeAll(keepingCapacity: true)
    archive.reserveCapacity(size)
    var descriptions: [FrameDescription] = []
    for (number, frame) in order.enumerated() {
      archive.append(contentsOf: header(name(number, frame.codec), size: frame.stored.count))
      descriptions.append(
        FrameDescription(
          offset: archive.count, storedLength: frame.stored.count, rawLength: frame.rawLength,
          codec: frame.codec, chunks: frame.chunks))
      archive.append(contentsOf: frame.stored)
      zeros(roundedUp(frame.stored.count) - frame.stored.count, to: &archive)
    }
    zeros(size - archive.count, to: &archive)
    return descriptions
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

  private static func header(_ name: String, size: Int) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: block)
    func put(_ text: String, at offset: Int) {
      for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
    }
    put(name, at: 0)
    put("0000600\0", at: 100)
    put("0000000\0", at: 108)
    put("0000000\0", at: 116)
    put(octal(size, digits: 11) + "\0", at: 124)
    put("00000000000\0", at: 136)
    put("        ", at: 148)
    put("0", at: 156)
    put("ustar\u{0}00", at: 257)
    let sum = header.reduce(0) { $0 + Int($1) }
    put(octal(sum, digits: 6) + "\0 ", at: 148)
    return header
  }

  private static func octal(_ number: Int, digits: Int) -> String {
    let text = String(number, radix: 8)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }

  private static func roundedUp(_ count: Int) -> Int { (count + block - 1) / block * block }

  private static func zeros(_ count: Int, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: repeatElement(0, count: count))
  }
}
