import AgeFormat
internal import SecretMemory
internal import Synchronization

/// Bytes that come in pieces of a size, as from a slow pipe.
package final class PiecewiseSource: ByteSource {
  private let bytes: [UInt8]
  private let piece: Int
  private let taken = Mutex(0)

  package init(_ bytes: [UInt8], piece: Int) {
    self.bytes = bytes
    self.piece = piece
  }

  package func read(into room: inout MutableRawSpan) -> Int {
    taken.withLock { taken in
      let count = min(piece, room.byteCount, bytes.count - taken)
      var target = room._mutatingExtracting(0..<count)
      bytes.withBytes { target.copy(from: $0.extracting(taken..<taken + count)) }
      taken += count
      return count
    }
  }
}

/// Keeps everything it gets.
package final class CollectingSink: ByteSink {
  private let collected = Mutex<[UInt8]>([])

  package init() {}

  package var bytes: [UInt8] { collected.withLock { $0 } }

  package func write(_ bytes: RawSpan) {
    collected.withLock { $0.append(bytes) }
  }
}
