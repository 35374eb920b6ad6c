package import AgeFormat
internal import SecretMemory
internal import Vocabulary

/// An age identity file: one identity a line, comments after `#`, empty lines.
package enum IdentityFile {
  private static let newline = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  /// Reads every identity of a file, in order.
  ///
  /// Throws `OperatorError` with the codes of `IdentityRegistry.parse` and the number of the line, never
  /// its text; `identity.none` for a file without any.
  package static func parse(_ bytes: RawSpan) throws -> [any Identity] {
    var identities: [any Identity] = []
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
        identities.append(try identity(bytes.extracting(start..<end), line: line))
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

  private static func identity(_ text: RawSpan, line: Int) throws -> any Identity {
    do {
      return try IdentityRegistry.parse(text)
    } catch let error as OperatorError {
      throw OperatorError(
        error.code, error.status, "line \(line) of the identity file: \(error.message)",
        hint: error.hint)
    }
  }
}
