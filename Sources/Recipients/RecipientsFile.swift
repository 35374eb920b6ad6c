package import AgeFormat
internal import SecretMemory
internal import Vocabulary

/// A file of recipients: one a line, comments after `#`, empty lines.
package enum RecipientsFile {
  /// Reads every recipient of a file, in order.
  ///
  /// - Parameters:
  ///   - bytes: the file.
  ///   - dialogue: whom plugins may ask.
  /// - Returns: the recipients, at least one.
  /// - Throws: `OperatorError` with the codes of `RecipientRegistry.parse` and the number of the line;
  ///   `recipient.none` for a file without any.
  package static func parse(
    _ bytes: [UInt8], asking dialogue: any KeyDialogue = NobodyToAsk()
  ) throws -> [any Recipient] {
    var recipients: [any Recipient] = []
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      var text = String(decoding: line, as: UTF8.self)
      if text.hasSuffix("\r") { text.removeLast() }
      guard !text.isEmpty, !text.hasPrefix("#") else { continue }
      do {
        recipients.append(try RecipientRegistry.parse(text, asking: dialogue))
      } catch let error as OperatorError {
        throw OperatorError(
          error.code, error.status, "line \(index + 1) of the recipients file: \(error.message)",
          hint: error.hint)
      }
    }
    guard !recipients.isEmpty else {
      throw OperatorError("recipient.none", .usage, "there is no recipient in this file")
    }
    return recipients
  }
}
