internal import SecretMemory

/// An age file of which any part can be opened without the rest: one file, or a header and a payload
/// that are kept apart.
///
/// Only the chunks that a range lies in are read. Threads may share it.
package final class SeekableAgeFile: Sendable {
  /// Gives bytes of what is kept, counted from its start: exactly those asked for, or it throws.
  package typealias Reading = @Sendable (Range<Int>) throws -> [UInt8]

  private static let headerPiece = 4 * 1024

  private let payload: PayloadReader
  private let reading: Reading

  /// Opens a payload that is kept apart from its header.
  ///
  /// - Parameters:
  ///   - header: says who may open it.
  ///   - size: the size of the payload, its nonce included.
  ///   - identities: of which one opens the header.
  ///   - reading: gives bytes of the payload.
  /// - Throws: `AgeError`, and what an identity and `reading` throw.
  package init(
    header: AgeHeader, payloadOfSize size: Int, identities: [any Identity],
    reading: @escaping Reading
  ) throws {
    let fileKey = try header.fileKey(for: identities)
    guard size >= PayloadLayout.nonceSize else { throw AgeError.payloadNonceMissing }
    let nonce = try reading(0..<PayloadLayout.nonceSize)
    payload = try PayloadReader(fileKey: fileKey, nonce: nonce, sealedSize: size)
    self.reading = reading
  }

  /// Opens a whole age file, which must not be armored.
  ///
  /// - Parameters:
  ///   - size: the size of the file.
  ///   - identities: of which one opens its header.
  ///   - reading: gives bytes of the file.
  /// - Throws: `AgeError`, and what an identity and `reading` throw.
  package convenience init(
    fileOfSize size: Int, identities: [any Identity], reading: @escaping Reading
  ) throws {
    let header = try Self.header(ofFileOfSize: size, reading)
    let start = header.bytes.count
    try self.init(header: header, payloadOfSize: size - start, identities: identities) { range in
      try reading(range.lowerBound + start..<range.upperBound + start)
    }
  }

  /// How much plaintext there is, going by the size; opening its end proves it.
  package var plaintextSize: Int { payload.plaintextSize }

  /// Opens a range of the plaintext.
  ///
  /// Every byte is authentic and in its place; that nothing was cut off after it is not proven.
  /// - Throws: `AgeError` for a range or bytes that are wrong, and what reading throws.
  package func open(_ range: Range<Int>) throws -> [UInt8] { Array(try openUncopied(range)) }

  /// Opens a range as `open` does, and leaves it where it was opened, among its neighbours.
  package func openUncopied(_ range: Range<Int>) throws -> ArraySlice<UInt8> {
    try payload.openUncopied(range, reading: reading)
  }

  /// Opens the last `count` bytes, or all where there are fewer.
  ///
  /// Where the end is, only the last chunk says: it is verified before anything is counted from it.
  /// - Throws: as `open`.
  package func open(last count: Int) throws -> [UInt8] {
    try verifyEnd()
    return try open(max(0, plaintextSize - count)..<plaintextSize)
  }

  /// Proves that the payload was not cut short.
  package func verifyEnd() throws {
    try payload.verifyEnd(reading: reading)
  }

  private static func header(ofFileOfSize size: Int, _ reading: Reading) throws -> AgeHeader {
    var scanner = HeaderScanner()
    var bytes: [UInt8] = []
    while true {
      if try bytes.withBytes({ try scanner.end(in: $0) }) != nil {
        return try AgeHeader(parsing: bytes)
      }
      guard bytes.count < size else { throw AgeError.headerTruncated }
      bytes += try reading(bytes.count..<min(size, 2 * bytes.count + headerPiece))
    }
  }
}
