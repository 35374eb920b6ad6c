import Vocabulary

/// A pack that takes frames, which workers compress, a few at a time.
final class GrowingPack {
  private static let target = 24 << 20
  private static let mostWaiting = 2 * max(2, coreCount())

  let handle: PackHandle
  /// Every chunk that is in it, or in a frame that will be.
  var chunks: Set<ChunkID> = []
  private var frames: [Deferred<PackedFrame>] = []
  private var settled = 0
  private var byteCount = 0

  init(_ handle: PackHandle) {
    self.handle = handle
  }

  /// Whether it holds what a pack should.
  var isFull: Bool { byteCount >= Self.target }

  /// Takes a frame; waits for older ones where many are with the workers.
  func add(_ frame: Frame) throws {
    frames.append(Deferred { frame.packed() })
    while settled < frames.count,
      frames.count - settled > Self.mostWaiting || frames[settled].isReady
    {
      byteCount += try frames[settled].value().stored.count
      settled += 1
    }
  }

  /// Gives the frames away, some of them not ready yet.
  func takeFrames() -> [Deferred<PackedFrame>] {
    defer { frames = [] }
    return frames
  }
}
