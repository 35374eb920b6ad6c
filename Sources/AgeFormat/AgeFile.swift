package import SecretMemory

/// Whole age files.
package enum AgeFile {
  // MARK: What fits into memory

  /// Encrypts to the recipients under a new file key; throws what `AgeHeader` throws.
  package static func seal(_ plaintext: RawSpan, to recipients: [any Recipient]) throws -> [UInt8] {
    let fileKey = FileKey()
    let header = try AgeHeader(fileKey: fileKey, recipients: recipients).bytes
    let size = header.count + AgePayload.sealedSize(ofPlaintext: plaintext.byteCount)
    return [UInt8](unzeroedCount: size) { file in
      var head = file._mutatingExtracting(0..<header.count)
      header.withBytes { head.copy(from: $0) }
      var payload = file._mutatingExtracting(header.count..<size)
      AgePayload.seal(plaintext, with: fileKey, into: &payload)
    }
  }

  /// Decrypts all of a file or nothing; throws `AgeError`, and what an identity throws.
  package static func open(_ file: RawSpan, with identities: [any Identity]) throws -> [UInt8] {
    let header = try AgeHeader(parsing: file)
    let fileKey = try header.fileKey(for: identities)
    return try AgePayload.open(
      file.extracting(header.bytes.count..<file.byteCount), with: fileKey)
  }

  /// Decrypts a file that holds a secret, which never lies in ordinary memory; throws as `open`.
  package static func openSecret(
    _ file: RawSpan, with identities: [any Identity]
  ) throws -> SecretBytes {
    let header = try AgeHeader(parsing: file)
    let fileKey = try header.fileKey(for: identities)
    return try AgePayload.openSecret(
      file.extracting(header.bytes.count..<file.byteCount), with: fileKey)
  }

  // MARK: What comes and goes piece by piece

  /// Encrypts all that a source gives, on all cores and in bounded memory.
  ///
  /// Throws what `AgeHeader`, the source and the sink throw; what the sink got is then no age file.
  package static func encrypt(
    _ source: any ByteSource, to sink: any ByteSink, for recipients: [any Recipient]
  ) throws {
    let fileKey = FileKey()
    let header = try AgeHeader(fileKey: fileKey, recipients: recipients)
    try header.bytes.withBytes { try sink.write($0) }
    var stream = try SealingStream(fileKey: fileKey, to: sink)
    try stream.write(from: source)
    try stream.finish()
  }

  /// Decrypts the payload that comes after a header, on all cores and in bounded memory.
  ///
  /// Throws `AgeError`, and what the source and the sink throw; what the sink got is authentic then,
  /// too, but not all there was.
  package static func decryptPayload(
    _ source: BufferedSource, to sink: any ByteSink, with fileKey: borrowing FileKey
  ) throws {
    let nonce = try source.take(PayloadLayout.nonceSize)
    var stream = try OpeningStream(fileKey: fileKey, nonce: nonce, to: sink)
    try stream.write(from: source)
    try stream.finish()
  }
}
