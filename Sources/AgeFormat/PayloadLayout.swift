internal import SecretMemory

/// The arithmetic of an age payload: 16 bytes of nonce, then chunks of 64 KiB and a tag each.
///
/// age.md, section "Payload". The last chunk may be short; it is empty only where all is.
package enum PayloadLayout {
  /// The nonce a payload starts with.
  package static let nonceSize = 16
  /// The plaintext of a chunk that is full.
  package static let chunkSize = 65_536
  /// What sealing adds to a chunk.
  package static let tagSize = ChaCha20Poly1305.tagSize
  /// A full chunk with its tag.
  package static let sealedChunkSize = chunkSize + tagSize

  /// How many chunks hold this much plaintext; one for nothing.
  package static func chunkCount(ofPlaintext size: Int) -> Int {
    max(1, (size + chunkSize - 1) / chunkSize)
  }

  /// The size of a payload, nonce included, that holds this much plaintext.
  package static func sealedSize(ofPlaintext size: Int) -> Int {
    nonceSize + size + chunkCount(ofPlaintext: size) * tagSize
  }

  /// How much plaintext a payload of this size, nonce included, holds.
  ///
  /// Only the last chunk proves that the payload was not cut short.
  package static func plaintextSize(ofSealed size: Int) throws(AgeError) -> Int {
    guard size >= nonceSize else { throw .payloadNonceMissing }
    let chunks = (size - nonceSize + sealedChunkSize - 1) / sealedChunkSize
    let plaintext = size - nonceSize - chunks * tagSize
    guard plaintext >= 0, chunkCount(ofPlaintext: plaintext) == chunks else {
      throw .impossiblePayloadSize(size)
    }
    return plaintext
  }

  /// The nonce of a chunk: an 11-byte counter, big-endian, and a byte that marks the last chunk.
  static func chunkNonce(index: Int, isLast: Bool) -> InlineArray<12, UInt8> {
    let counter = UInt64(index)
    return InlineArray { position in
      switch position {
      case 3..<11: UInt8(truncatingIfNeeded: counter >> (8 * UInt64(10 - position)))
      case 11: isLast ? 1 : 0
      default: 0
      }
    }
  }
}
