internal import SecretMemory
internal import Synchronization

/// Bytes that are all in memory, read as if they came one after the other.
package final class MemorySource: ByteSource {
  private let bytes: [UInt8]
  private let taken = Mutex(0)

  package init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  package func read(into room: inout MutableRawSpan) throws -> Int {
    taken.withLock { taken in
      let count = min(room.byteCount, bytes.count - taken)
      var target = room._mutatingExtracting(0..<count)
      bytes.withBytes { target.copy(from: $0.extracting(taken..<taken + count)) }
      taken += count
      return count
    }
  }

  /// All that a source gives, for what is known to be small; throws what the source throws.
  package static func all(of source: any ByteSource) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 16 * 1024)
    while true {
      let count = try piece.withMutableBytes { try source.read(into: &$0) }
      guard count > 0 else { return bytes }
      piece.withBytes { bytes.append($0.extracting(0..<count)) }
    }
  }
}
