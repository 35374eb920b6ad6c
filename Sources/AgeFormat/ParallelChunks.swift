internal import Dispatch
internal import SecretMemory
internal import Synchronization

/// Chunks that are all in memory, worked on by all cores.
///
/// Workers take runs of neighbouring chunks. Each has its own cipher, reads its own part of the input
/// and writes its own part of the output, so they share nothing but the key and a counter.
enum ParallelChunks {
  // 256 KiB: long against the microsecond a cipher takes to start, short enough to keep many cores
  // busy inside one pack.
  private static let chunksInARun = 4

  /// Seals chunks; every one but the last is full.
  /// - Parameters:
  ///   - plaintext: what the chunks hold; empty only for the single chunk of an empty payload.
  ///   - sealed: room for the chunks with their tags, exactly.
  ///   - key: the payload's key.
  ///   - firstIndex: the place of the first chunk in the payload.
  ///   - endsPayload: whether the last of these chunks is the payload's last.
  static func seal(
    _ plaintext: RawSpan, into sealed: inout MutableRawSpan, key: borrowing PayloadKey,
    firstIndex: Int, endsPayload: Bool
  ) {
    let count = PayloadLayout.chunkCount(ofPlaintext: plaintext.byteCount)
    precondition(sealed.byteCount == plaintext.byteCount + count * PayloadLayout.tagSize)
    let output = Regions(sealed)
    inRuns(of: count) { run in
      var cipher = ChunkCipher(key)
      let source = bytes(of: run, size: PayloadLayout.chunkSize, in: plaintext.byteCount)
      output.withRegion(
        bytes(of: run, size: PayloadLayout.sealedChunkSize, in: output.byteCount)
      ) { region in
        cipher.seal(
          plaintext.extracting(source), into: &region, firstIndex: firstIndex + run.lowerBound,
          endsPayload: endsPayload && run.upperBound == count)
      }
    }
  }

  /// Opens chunks, of which every one but the last is full.
  ///
  /// The parameters are those of `seal`.
  /// - Returns: how many chunks, counted from the first, opened. Less than all means that the next one
  ///   did not; what `plaintext` holds from there on must not be used.
  static func open(
    _ sealed: RawSpan, into plaintext: inout MutableRawSpan, key: borrowing PayloadKey,
    firstIndex: Int, endsPayload: Bool
  ) -> Int {
    let size = PayloadLayout.sealedChunkSize
    let count = (sealed.byteCount + size - 1) / size
    precondition(plaintext.byteCount == sealed.byteCount - count * PayloadLayout.tagSize)
    let output = Regions(plaintext)
    let firstFailure = Atomic<Int>(count)
    inRuns(of: count) { run in
      guard run.lowerBound < firstFailure.load(ordering: .relaxed) else { return }
      var cipher = ChunkCipher(key)
      let source = bytes(of: run, size: size, in: sealed.byteCount)
      let opened = output.withRegion(
        bytes(of: run, size: PayloadLayout.chunkSize, in: output.byteCount)
      ) { region in
        cipher.open(
          sealed.extracting(source), into: &region, firstIndex: firstIndex + run.lowerBound,
          endsPayload: endsPayload && run.upperBound == count)
      }
      if opened < run.count { firstFailure.min(run.lowerBound + opened, ordering: .relaxed) }
    }
    return firstFailure.load(ordering: .relaxed)
  }

  private static func bytes(of run: Range<Int>, size: Int, in total: Int) -> Range<Int> {
    run.lowerBound * size..<min(run.upperBound * size, total)
  }

  private static func inRuns(of count: Int, _ work: @Sendable (Range<Int>) -> Void) {
    guard count > chunksInARun else { return work(0..<count) }
    let runs = (count + chunksInARun - 1) / chunksInARun
    DispatchQueue.concurrentPerform(iterations: runs) { run in
      work(run * chunksInARun..<min((run + 1) * chunksInARun, count))
    }
  }

  /// Output that workers write to at the same time, each in regions of its own.
  ///
  /// Only as good as its two uses above: regions do not overlap, and the span it was made of outlives
  /// it and is not touched meanwhile.
  @safe private struct Regions: @unchecked Sendable {
    private let base: UnsafeMutableRawPointer?
    let byteCount: Int

    init(_ span: borrowing MutableRawSpan) {
      unsafe base = span.withUnsafeBytes {
        unsafe UnsafeMutableRawPointer(mutating: $0.baseAddress)
      }
      byteCount = span.byteCount
    }

    func withRegion<R>(_ range: Range<Int>, _ body: (inout MutableRawSpan) -> R) -> R {
      precondition(range.lowerBound >= 0 && range.upperBound <= byteCount)
      guard let base = unsafe base else {
        var nothing = MutableRawSpan()
        return body(&nothing)
      }
      var region = unsafe MutableRawSpan(
        _unsafeStart: base + range.lowerBound, byteCount: range.count)
      return body(&region)
    }
  }
}
