package import AgeFormat
internal import SecretMemory
internal import Vocabulary

/// A file of identities, in one of three forms: age's, with one identity a line and comments after
/// `#`; the same encrypted with age; or a private key of OpenSSH.
package enum IdentityFile {
  private static let newline = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  /// Reads every identity of a file, in order.
  ///
  /// - Parameters:
  ///   - bytes: the file.
  ///   - name: how the file is called when somebody is asked for its passphrase.
  ///   - dialogue: who is asked, now or when an identity is used.
  /// - Returns: the identities, at least one.
  /// - Throws: `OperatorError` with the codes of `IdentityRegistry.parse` and the number of the line,
  ///   never its text; `identity.none` for a file without any.
  package static func parse(
    _ bytes: RawSpan, called name: String = "the identity file",
    asking dialogue: any KeyDialogue = NobodyToAsk()
  ) throws -> [any KeyPair] {
    if IdentityRegistry.begins(bytes, with: SSHKeyFile.begin) {
      return [try SSHIdentity(parsing: bytes)]
    }
    if EncryptedIdentity.begins(bytes) {
      return [EncryptedIdentity(bytes, called: name, asking: dialogue)]
    }
    return try lines(of: bytes, asking: dialogue)
  }

  /// Reads a file of age's own form; throws as `parse`.
  static func lines(
    of bytes: RawSpan, asking dialogue: any KeyDialogue
  ) throws -> [any KeyPair] {
    var identities: [any KeyPair] = []
    var line = 0
    var start = 0
    while start < bytes.byteCount {
      line += 1
      var end = start
      while end < bytes.byteCount, bytes[byteAt: end] != newline { end += 1 }
      let next = end + 1
      // Files that went through Windows; age takes them, too.
      if end > start, bytes[byteAt: end - 1] == carriageReturn { end -= 1 }
      if end > start, bytes[byteAt: start] != UInt8(ascii: "#") {
        identities.append(
          try identity(bytes.extracting(start..<end), line: line, asking: dialogue))
      }
      start = next
    }
    guard !identities.isEmpty else {
      throw OperatorError(
        "identity.none", .usage, "there is no identity in this file",
        hint: "give a file that age-keygen made")
    }
    return identities
  }

  private static func identity(
    _ text: RawSpan, line: Int, asking dialogue: any KeyDialogue
  ) throws -> any KeyPair {
    do {
      return try IdentityRegistry.parse(text, asking: dialogue)
    } catch let error as OperatorError {
      throw OperatorError(
        error.code, error.status, "line \(line) of the identity file: \(error.message)",
        hint: error.hint)
    }
  }
}
