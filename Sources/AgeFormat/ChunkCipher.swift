internal import SecretMemory

/// What one worker seals and opens neighbouring chunks with, one after the other.
struct ChunkCipher: ~Copyable {
  private var cipher: ChaCha20Poly1305

  init(_ key: borrowing PayloadKey) {
    cipher = key.cipher()
  }

  /// Seals chunks, of which every one but the last is full.
  /// - Parameters:
  ///   - plaintext: what they hold; empty only for the single chunk of an empty payload.
  ///   - sealed: room for the chunks with their tags, exactly.
  ///   - firstIndex: the place of the first in the payload.
  ///   - endsPayload: whether the last of them is the payload's last.
  mutating func seal(
    _ plaintext: RawSpan, into sealed: inout MutableRawSpan, firstIndex: Int, endsPayload: Bool
  ) {
    let count = PayloadLayout.chunkCount(ofPlaintext: plaintext.byteCount)
    for chunk in 0..<count {
      let source = Self.part(chunk, PayloadLayout.chunkSize, of: plaintext.byteCount)
      let target = Self.part(chunk, PayloadLayout.sealedChunkSize, of: sealed.byteCount)
      var region = sealed._mutatingExtracting(target)
      cipher.seal(
        plaintext.extracting(source),
        nonce: PayloadLayout.chunkNonce(
          index: firstIndex + chunk, isLast: endsPayload && chunk == count - 1),
        into: &region)
    }
  }

  /// Opens chunks, of which every one but the last is full; the parameters are those of `seal`.
  /// - Returns: how many opened, counted from the first. Less than all means that the next one did
  ///   not; what `plaintext` holds from there on must not be used.
  mutating func open(
    _ sealed: RawSpan, into plaintext: inout MutableRawSpan, firstIndex: Int, endsPayload: Bool
  ) -> Int {
    let size = PayloadLayout.sealedChunkSize
    let count = (sealed.byteCount + size - 1) / size
    for chunk in 0..<count {
      let source = Self.part(chunk, size, of: sealed.byteCount)
      let target = Self.part(chunk, PayloadLayout.chunkSize, of: plaintext.byteCount)
      var region = plaintext._mutatingExtracting(target)
      let opened = cipher.open(
        sealed.extracting(source),
        nonce: PayloadLayout.chunkNonce(
          index: firstIndex + chunk, isLast: endsPayload && chunk == count - 1),
        into: &region)
      guard opened else { return chunk }
    }
    return count
  }

  private static func part(_ chunk: Int, _ size: Int, of total: Int) -> Range<Int> {
    chunk * size..<min((chunk + 1) * size, total)
  }
}
