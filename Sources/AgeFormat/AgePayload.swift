package import SecretMemory

/// Payloads that are in memory as a whole, sealed and opened on all cores.
package enum AgePayload {
  /// Seals a plaintext under a fresh nonce: 16 bytes of nonce, then the chunks.
  package static func seal(_ plaintext: RawSpan, with fileKey: borrowing FileKey) -> [UInt8] {
    [UInt8](unzeroedCount: sealedSize(ofPlaintext: plaintext.byteCount)) { payload in
      seal(plaintext, with: fileKey, into: &payload)
    }
  }

  /// Opens a whole payload, nonce included: all of it or nothing.
  package static func open(
    _ payload: RawSpan, with fileKey: borrowing FileKey
  ) throws(AgeError) -> [UInt8] {
    let size = try plaintextSize(ofSealed: payload.byteCount)
    var damaged: Int?
    let plaintext = [UInt8](unzeroedCount: size) { plaintext in
      damaged = open(payload, with: fileKey, into: &plaintext)
    }
    if let damaged { throw .chunkDamaged(index: damaged) }
    return plaintext
  }

  /// Opens a whole payload into locked memory: all of it or nothing.
  package static func openSecret(
    _ payload: RawSpan, with fileKey: borrowing FileKey
  ) throws(AgeError) -> SecretBytes {
    let size = try plaintextSize(ofSealed: payload.byteCount)
    return try SecretBytes(count: size) { plaintext throws(AgeError) in
      if let damaged = open(payload, with: fileKey, into: &plaintext) {
        throw .chunkDamaged(index: damaged)
      }
    }
  }

  /// Opens into room of the right size, and says which chunk is damaged, if one is.
  private static func open(
    _ payload: RawSpan, with fileKey: borrowing FileKey, into plaintext: inout MutableRawSpan
  ) -> Int? {
    let nonce = payload.extracting(0..<PayloadLayout.nonceSize).copied()
    let chunks = payload.extracting(PayloadLayout.nonceSize..<payload.byteCount)
    let key = PayloadKey(fileKey: fileKey, nonce: nonce)
    let opened = ParallelChunks.open(
      chunks, into: &plaintext, key: key, firstIndex: 0, endsPayload: true)
    let count = PayloadLayout.chunkCount(ofPlaintext: plaintext.byteCount)
    return opened == count ? nil : opened
  }

  /// The size of a payload, nonce included, that holds this much plaintext.
  package static func sealedSize(ofPlaintext size: Int) -> Int {
    PayloadLayout.sealedSize(ofPlaintext: size)
  }

  /// How much plaintext a payload of this size, nonce included, holds.
  package static func plaintextSize(ofSealed size: Int) throws(AgeError) -> Int {
    try PayloadLayout.plaintextSize(ofSealed: size)
  }

  /// Seals into room that the caller keeps for the next payload; it must have the sealed size.
  package static func seal(
    _ plaintext: RawSpan, with fileKey: borrowing FileKey, into payload: inout MutableRawSpan
  ) {
    let nonce = Randomness.bytes(count: PayloadLayout.nonceSize)
    seal(plaintext, with: fileKey, nonce: nonce, into: &payload)
  }

  /// Seals under a nonce that must never have been used with this file key.
  static func seal(
    _ plaintext: RawSpan, with fileKey: borrowing FileKey, nonce: [UInt8],
    into payload: inout MutableRawSpan
  ) {
    precondition(payload.byteCount == sealedSize(ofPlaintext: plaintext.byteCount))
    let key = PayloadKey(fileKey: fileKey, nonce: nonce)
    var head = payload._mutatingExtracting(0..<PayloadLayout.nonceSize)
    nonce.withBytes { head.copy(from: $0) }
    var chunks = payload._mutatingExtracting(PayloadLayout.nonceSize..<payload.byteCount)
    ParallelChunks.seal(plaintext, into: &chunks, key: key, firstIndex: 0, endsPayload: true)
  }
}
