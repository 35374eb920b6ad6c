internal import Glibc

/// Shards that come into being, sum by sum.
///
/// Threads may add at once where they add at different places.
@safe package final class ShardSums: @unchecked Sendable {
  private let shards: Int
  private let length: Int
  private let room: UnsafeMutableRawBufferPointer

  /// Shards of zeros.
  package init(shards: Int, length: Int) {
    (self.shards, self.length) = (shards, length)
    unsafe room = .allocate(byteCount: shards * length, alignment: 64)
    unsafe room.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { unsafe room.deallocate() }

  /// Lends the addresses of one place in every shard.
  func lend(
    at offset: Int, _ count: Int,
    _ body: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>) -> Void
  ) {
    precondition(offset >= 0 && offset + count <= length, "a place outside the shards")
    guard let base = unsafe room.baseAddress else { return }
    var places = unsafe (0..<shards).map { shard -> UnsafeMutablePointer<UInt8>? in
      unsafe (base + shard * length + offset).assumingMemoryBound(to: UInt8.self)
    }
    unsafe places.withUnsafeMutableBufferPointer { places in
      guard let start = places.baseAddress else { return }
      unsafe body(start)
    }
  }

  /// Lends the bytes of a shard.
  package func withBytes<Result>(of shard: Int, _ body: (RawSpan) throws -> Result) rethrows
    -> Result
  {
    precondition((0..<shards).contains(shard), "no such shard")
    let bytes = unsafe UnsafeRawBufferPointer(
      rebasing: room[shard * length..<(shard + 1) * length])
    return unsafe try body(bytes.bytes)
  }
}
