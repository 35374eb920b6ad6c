internal import SecretMemory

/// One recipient's part of a header: the file key, wrapped for that recipient.
///
/// age.md, "Header". Types are case sensitive; unknown ones are passed over.
package struct Stanza: Sendable, Equatable {
  /// What kind of recipient it is for, the first argument.
  package let type: String
  /// The arguments after the type.
  package let arguments: [String]
  /// The body, of any size.
  package let body: [UInt8]

  /// Puts a stanza together; it is checked when it is written into a header.
  package init(type: String, arguments: [String], body: [UInt8]) {
    self.type = type
    self.arguments = arguments
    self.body = body
  }

  /// The body's characters on a full line.
  package static let lineLength = 64

  /// The stanza as it stands in a header; throws `malformedStanza` for an argument that is empty or
  /// has characters other than visible ASCII.
  package func encoded() throws(AgeError) -> [UInt8] {
    var text = Array("->".utf8)
    for argument in [type] + arguments {
      guard Self.isArgument(argument.utf8) else {
        throw .malformedStanza(type: type, "an argument is empty or not visible ASCII")
      }
      text.append(UInt8(ascii: " "))
      text.append(contentsOf: argument.utf8)
    }
    text.append(UInt8(ascii: "\n"))
    let encoded = Array(Base64.encode(body, padding: .none).utf8)
    // The last line is short, and empty where the body fills its lines.
    for start in stride(from: 0, through: encoded.count, by: Self.lineLength) {
      text.append(contentsOf: encoded[start..<min(start + Self.lineLength, encoded.count)])
      text.append(UInt8(ascii: "\n"))
    }
    return text
  }

  /// Whether some characters can be an argument: visible ASCII, and not none.
  package static func isArgument(_ characters: some Collection<UInt8>) -> Bool {
    !characters.isEmpty && characters.allSatisfy { (0x21...0x7e).contains($0) }
  }
}
