internal import SecretMemory

/// What stands before the payload: who can open it, and a code that proves nobody changed that.
///
/// age.md, "Header".
package struct AgeHeader: Sendable, Equatable {
  /// No header is longer than 2 MiB.
  package static let maximumSize = 2 << 20
  /// No header has more stanzas.
  package static let maximumStanzas = 1_024

  /// The header as it stands in a file, up to and including the line end after its code.
  ///
  /// Its count is how many bytes the header took of what it was read from.
  package let bytes: [UInt8]
  /// One wrapped file key, or more, for each recipient.
  package let stanzas: [Stanza]

  private let code: [UInt8]

  /// Writes a header that lets these recipients at a file key.
  ///
  /// Written for a file key that another header wrapped, it lets others at the same payload. Whoever could
  /// open that header still can, and whoever kept the file key, too.
  ///
  /// - Parameters:
  ///   - fileKey: of the payload.
  ///   - recipients: who may open it.
  ///   - carried: stanzas that are nobody's, for whoever has the file key; other programs pass them over.
  /// - Throws: `noRecipients`, `recipientsDoNotMix`, and what a recipient throws.
  package init(
    fileKey: borrowing FileKey, recipients: [any Recipient], carrying carried: [Stanza] = []
  ) throws {
    var text = HeaderParser.versionLine
    var stanzas: [Stanza] = []
    var labels: Set<String>?
    for recipient in recipients {
      let wrapped = try recipient.wrap(fileKey)
      guard labels ?? wrapped.labels == wrapped.labels else { throw AgeError.recipientsDoNotMix }
      labels = wrapped.labels
      for stanza in wrapped.stanzas { text.append(contentsOf: try stanza.encoded()) }
      stanzas += wrapped.stanzas
    }
    guard !stanzas.isEmpty else { throw AgeError.noRecipients }
    for stanza in carried { text.append(contentsOf: try stanza.encoded()) }
    stanzas += carried
    guard stanzas.count <= Self.maximumStanzas else { throw AgeError.tooManyStanzas }
    guard Self.passphraseStandsAlone(stanzas) else { throw AgeError.recipientsDoNotMix }
    text.append(contentsOf: "---".utf8)
    code = Self.code(of: text, fileKey)
    text.append(contentsOf: " \(Base64.encode(code, padding: .none))\n".utf8)
    guard text.count <= Self.maximumSize else { throw AgeError.headerTooLarge }
    bytes = text
    self.stanzas = stanzas
  }

  /// Reads the header that some bytes start with; what follows it is left alone.
  ///
  /// That it is genuine is known only once `fileKey(for:)` has returned.
  package init(parsing file: RawSpan) throws(AgeError) {
    var scanner = HeaderScanner()
    guard let end = try scanner.end(in: file) else { throw .headerTruncated }
    bytes = file.extracting(0..<end).copied()
    var parser = HeaderParser(bytes)
    (stanzas, code) = try parser.parse()
    guard Self.passphraseStandsAlone(stanzas) else {
      throw .malformedStanza(type: Self.passphraseType, "it does not stand alone")
    }
  }

  /// Reads the header that an array starts with.
  package init(parsing file: [UInt8]) throws(AgeError) {
    self = try file.withBytes { (bytes) throws(AgeError) in try AgeHeader(parsing: bytes) }
  }

  /// Takes the header that a source starts with, and not a byte more.
  ///
  /// Throws `AgeError`, and what the source throws.
  package init(reading source: BufferedSource) throws {
    var scanner = HeaderScanner()
    let end = try source.look { bytes, _ in try scanner.end(in: bytes) }
    guard let end else { throw AgeError.headerTruncated }
    self = try AgeHeader(parsing: source.take(end))
  }

  /// Whether a passphrase opens it.
  package var isForPassphrase: Bool { stanzas.contains { $0.type == Self.passphraseType } }

  /// The file key, from the first identity that opens a stanza, once it has proven the header genuine.
  ///
  /// Throws `noIdentityMatches`, `headerMACMismatch`, and what an identity throws.
  package func fileKey(for identities: [any Identity]) throws -> FileKey {
    for identity in identities {
      guard let fileKey = try identity.unwrap(stanzas) else { continue }
      let covered = Array(bytes.dropLast(" ".count + Self.codeLength + "\n".count))
      let expected = Self.code(of: covered, fileKey)
      let isGenuine = expected.withBytes { one in
        code.withBytes { ConstantTime.equal(one, $0) }
      }
      guard isGenuine else { throw AgeError.headerMACMismatch }
      return fileKey
    }
    throw AgeError.noIdentityMatches
  }

  // 32 bytes in base64 without padding.
  private static let codeLength = 43
  /// The type of the stanza that must stand alone.
  package static let passphraseType = "scrypt"

  private static func code(of text: [UInt8], _ fileKey: borrowing FileKey) -> [UInt8] {
    fileKey.headerKey().withBytes { key in
      text.withBytes { HMACSHA256.code(key: key, message: $0) }
    }
  }

  // Whoever knows the passphrase could write the file; beside other stanzas that would deceive.
  private static func passphraseStandsAlone(_ stanzas: [Stanza]) -> Bool {
    stanzas.count == 1 || stanzas.allSatisfy { $0.type != passphraseType }
  }
}
