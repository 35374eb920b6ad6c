internal import SecretMemory

/// A payload of which any part can be read without the rest.
///
/// Every byte handed out is authentic and in its place. That the payload was not cut short is proven
/// only by its last chunk: by `verifyEnd`, or by reading the end. Threads may share a reader.
package final class PayloadReader: Sendable {
  /// How much plaintext the payload holds, going by its size.
  package let plaintextSize: Int

  private let key: PayloadKey
  private let sealedSize: Int

  /// Prepares to read a payload of `sealedSize` bytes that starts with the 16 bytes of `nonce`, both
  /// counted in; throws `AgeError.impossiblePayloadSize` where no payload has that size.
  package init(
    fileKey: borrowing FileKey, nonce: [UInt8], sealedSize: Int
  ) throws(AgeError) {
    guard nonce.count == PayloadLayout.nonceSize else { throw .payloadNonceMissing }
    plaintextSize = try PayloadLayout.plaintextSize(ofSealed: sealedSize)
    key = PayloadKey(fileKey: fileKey, nonce: nonce)
    self.sealedSize = sealedSize
  }

  /// Reads a range of the plaintext as `openUncopied` does, and keeps nothing beside it.
  package func open(
    _ range: Range<Int>, reading: (Range<Int>) throws -> [UInt8]
  ) throws -> [UInt8] {
    Array(try openUncopied(range, reading: reading))
  }

  /// Reads a range of the plaintext, and of the payload no more than the chunks it lies in.
  ///
  /// - Parameters:
  ///   - range: which bytes of the plaintext.
  ///   - reading: gives bytes of the payload, counted from its start, the nonce included. Called once.
  /// - Returns: the bytes of the range, all of them, where they were opened among their neighbours.
  /// - Throws: `AgeError` for a range or bytes that are wrong, and what `reading` throws.
  package func openUncopied(
    _ range: Range<Int>, reading: (Range<Int>) throws -> [UInt8]
  ) throws -> ArraySlice<UInt8> {
    guard range.lowerBound >= 0, range.upperBound <= plaintextSize else {
      throw AgeError.rangeOutsidePayload
    }
    guard !range.isEmpty else { return [] }
    let size = PayloadLayout.chunkSize
    let chunks = range.lowerBound / size..<(range.upperBound - 1) / size + 1
    let plaintext = try open(chunks: chunks, reading: reading)
    let start = chunks.lowerBound * size
    return plaintext[range.lowerBound - start..<range.upperBound - start]
  }

  /// Checks the last chunk, which alone proves that the payload was not cut short; throws as `open`.
  package func verifyEnd(reading: (Range<Int>) throws -> [UInt8]) throws {
    let count = PayloadLayout.chunkCount(ofPlaintext: plaintextSize)
    _ = try open(chunks: count - 1..<count, reading: reading)
  }

  private func open(
    chunks: Range<Int>, reading: (Range<Int>) throws -> [UInt8]
  ) throws -> [UInt8] {
    let start = PayloadLayout.nonceSize + chunks.lowerBound * PayloadLayout.sealedChunkSize
    let end = min(
      PayloadLayout.nonceSize + chunks.upperBound * PayloadLayout.sealedChunkSize, sealedSize)
    let sealed = try reading(start..<end)
    guard sealed.count == end - start else {
      throw AgeError.wrongReadSize(expected: end - start, got: sealed.count)
    }
    var opened = 0
    let size = sealed.count - chunks.count * PayloadLayout.tagSize
    let plaintext = [UInt8](unzeroedCount: size) { plaintext in
      sealed.withBytes { sealed in
        opened = ParallelChunks.open(
          sealed, into: &plaintext, key: key, firstIndex: chunks.lowerBound,
          endsPayload: end == sealedSize)
      }
      // Nobody looks at what is not authentic.
      if opened < chunks.count { plaintext.wipe() }
    }
    guard opened == chunks.count else {
      throw AgeError.chunkDamaged(index: chunks.lowerBound + opened)
    }
    return plaintext
  }
}
