package import Vocabulary

/// How an operator's error goes over the wire.
package enum WireFailure {
  private static let longest = 2000

  /// Writes an error down.
  package static func payload(of error: OperatorError) -> [UInt8] {
    var payload = PayloadWriter()
    payload.put(UInt8(clamping: error.status.rawValue))
    payload.put(error.code)
    payload.put(String(error.message.prefix(longest)))
    payload.put(String((error.hint ?? "").prefix(longest)))
    return payload.bytes
  }

  /// Reads an error that somebody else wrote: it is shown to an operator, and must not act on his terminal.
  ///
  /// - Throws: `WireError.malformed`.
  package static func error(in payload: [UInt8]) throws -> OperatorError {
    var reader = PayloadReader(payload)
    let status = ExitStatus(rawValue: Int32(try reader.number(UInt8.self)))
    let (code, message, hint) = (try reader.text(), try reader.text(), try reader.text())
    try reader.end()
    guard let status, status != .done, isCode(code) else { throw WireError.malformed }
    return OperatorError(
      code, status, message.onOneLine, hint: hint.isEmpty ? nil : hint.onOneLine)
  }

  private static func isCode(_ code: String) -> Bool {
    code.utf8.count <= 64
      && code.utf8.allSatisfy {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || "-.0123456789".utf8.contains($0)
      }
  }
}
