internal import SecretMemory

/// Whole age files, for what fits into memory: header and payload in one array.
package enum AgeFile {
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
}
