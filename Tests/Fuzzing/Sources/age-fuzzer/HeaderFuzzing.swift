import AgeFormat

/// A header that is read whole and byte by byte, and written again.
enum HeaderFuzzing {
  static func run(_ file: [UInt8]) {
    let whole = Result { try AgeHeader(parsing: file) }
    // Byte by byte as a rule.
    let piece = file.count % 4 == 0 ? 7 : 1
    let inPieces = Result { try reading(file, piece: piece) }
    demand(isSame(whole, inPieces), "whole: \(whole), in pieces of \(piece): \(inPieces)")
    guard case .success(let header) = whole else { return }
    demand(starts(file, with: header.bytes), "a header is not what the file starts with")
    demand(header.bytes.count <= AgeHeader.maximumSize, "a header is too long")
    demand((1...AgeHeader.maximumStanzas).contains(header.stanzas.count), "too many stanzas")
    demand(written(header) == header.bytes, "a header cannot be written again")
    demand(isRefused(header), "a header is opened by nobody")
  }

  /// Reads a header out of pieces, and checks that nothing after it was taken.
  private static func reading(_ file: [UInt8], piece: Int) throws -> AgeHeader {
    let source = BufferedSource(PiecewiseSource(file, piece: piece))
    let header = try AgeHeader(reading: source)
    let rest = try MemorySource.all(of: source)
    demand(header.bytes + rest == file, "bytes are missing after a header")
    return header
  }

  /// The header as its stanzas say it; its code is taken over.
  private static func written(_ header: AgeHeader) -> [UInt8] {
    var text = Array("age-encryption.org/v1\n".utf8)
    for stanza in header.stanzas {
      guard let encoded = try? stanza.encoded() else { return [] }
      text += encoded
    }
    return text + Array("--- ".utf8) + header.bytes.suffix(44)
  }

  private static func isRefused(_ header: AgeHeader) -> Bool {
    do {
      _ = try header.fileKey(for: [])
      return false
    } catch {
      return error as? AgeError == .noIdentityMatches
    }
  }

  private static func isSame(
    _ one: Result<AgeHeader, any Error>, _ other: Result<AgeHeader, any Error>
  ) -> Bool {
    switch (one, other) {
    case (.success(let one), .success(let other)): one == other
    case (.failure(let one), .failure(let other)): one as? AgeError == other as? AgeError
    default: false
    }
  }
}
