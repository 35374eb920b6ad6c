import CZstd
import Synchronization
import Vocabulary

/// Whole zstd frames (RFC 8878), compressed and expanded in one call each.
package enum ZstdFrame {
  /// Level 2: of a dump full of base64 level 3 saves 0.5 % more and takes a third longer; see
  /// `docs/performance.md`.
  private static let level: Int32 = 2
  private static let sampleSize = 16 * 1024

  /// Compresses `bytes` into one zstd frame.
  ///
  /// - Returns: the frame, or nil where it would save less than 1/32 of the bytes. Media and
  ///   ciphertext are recognised by a sample of 48 KiB, so that they cost almost nothing.
  package static func compress(_ bytes: [UInt8]) -> [UInt8]? {
    let goodEnough = bytes.count - bytes.count / 32
    if bytes.count > 8 * sampleSize, !sampleShrinks(bytes) { return nil }
    let frame = compress(bytes[...], level: level)
    return frame.count < goodEnough ? frame : nil
  }

  /// Expands one frame whose length is known.
  ///
  /// - Parameters:
  ///   - frame: the zstd frame.
  ///   - count: the length of the bytes that went in.
  /// - Returns: the bytes, exactly `count` of them.
  /// - Throws: `OperatorError` `frame.damaged` when the frame is broken or of another length.
  package static func expand(_ frame: RawSpan, to count: Int) throws -> [UInt8] {
    try unsafe frame.withUnsafeBytes { source in
      unsafe try [UInt8](unsafeUninitializedCapacity: count) { target, written in
        let result = unsafe ZSTD_decompress(
          target.baseAddress, count, source.baseAddress, source.count)
        guard ZSTD_isError(result) == 0, result == count else {
          throw OperatorError(
            "frame.damaged", .mismatch, "a compressed frame does not expand to its recorded length")
        }
        written = result
      }
    }
  }

  private static func sampleShrinks(_ bytes: [UInt8]) -> Bool {
    let starts = [0, bytes.count / 2, bytes.count - sampleSize]
    let packed = starts.reduce(0) { $0 + compress(bytes[$1..<$1 + sampleSize], level: 1).count }
    return packed < 3 * sampleSize - sampleSize / 8
  }

  private static func compress(_ bytes: ArraySlice<UInt8>, level: Int32) -> [UInt8] {
    let bound = ZSTD_compressBound(bytes.count)
    let context = CompressionContext.take()
    defer { context.giveBack() }
    return unsafe [UInt8](unsafeUninitializedCapacity: bound) { target, written in
      unsafe bytes.withUnsafeBytes { source in
        let result = unsafe ZSTD_compressCCtx(
          context.pointer, target.baseAddress, bound, source.baseAddress, source.count, level)
        precondition(ZSTD_isError(result) == 0, "zstd refused a buffer of its own bound")
        written = result
      }
    }
  }
}

/// What zstd compresses with: megabytes of tables, made once a worker and used again.
@safe private final class CompressionContext: @unchecked Sendable {
  private static let idle = Mutex<[CompressionContext]>([])

  let pointer: OpaquePointer

  private init() {
    guard let made = unsafe ZSTD_createCCtx() else { fatalError("no memory left to compress") }
    unsafe pointer = unsafe made
  }

  deinit { unsafe ZSTD_freeCCtx(pointer) }

  static func take() -> CompressionContext {
    idle.withLock { $0.popLast() } ?? CompressionContext()
  }

  func giveBack() {
    Self.idle.withLock { $0.append(self) }
  }
}
