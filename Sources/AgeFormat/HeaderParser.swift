internal import SecretMemory

/// Reads a header by the letter of its grammar: LF alone, canonical base64, no empty argument.
///
/// age.md, "Header".
struct HeaderParser {
  static let versionLine = Array("age-encryption.org/v1\n".utf8)
  private static let newline = UInt8(ascii: "\n")

  private let bytes: [UInt8]
  private var position = 0
  private var line = 0

  /// Takes a header, complete as `HeaderScanner` says.
  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Reads all of it: the stanzas, and the code that authenticates them.
  mutating func parse() throws(AgeError) -> (stanzas: [Stanza], code: [UInt8]) {
    _ = try nextLine()
    var stanzas: [Stanza] = []
    while true {
      let text = try nextLine()
      if text.starts(with: "---".utf8) {
        guard !stanzas.isEmpty else { throw malformed("there is no stanza before it") }
        return (stanzas, try code(text))
      }
      guard stanzas.count < AgeHeader.maximumStanzas else { throw .tooManyStanzas }
      stanzas.append(try stanza(text))
    }
  }

  private func code(_ text: ArraySlice<UInt8>) throws(AgeError) -> [UInt8] {
    guard text.starts(with: "--- ".utf8),
      let code = Base64.decode(Array(text.dropFirst(4)), padding: .none),
      code.count == HMACSHA256.size
    else { throw malformed("it does not end the header with a code of 32 bytes") }
    return code
  }

  private mutating func stanza(_ text: ArraySlice<UInt8>) throws(AgeError) -> Stanza {
    guard text.starts(with: "-> ".utf8) else { throw malformed("it does not start a stanza") }
    let words = text.dropFirst(3).split(
      separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    guard words.allSatisfy({ Stanza.isArgument($0) }) else {
      throw malformed("an argument is empty or not visible ASCII")
    }
    let arguments = words.map { String(decoding: $0, as: UTF8.self) }
    var body: [UInt8] = []
    while true {
      let text = try nextLine()
      guard text.count <= Stanza.lineLength else { throw malformed("it is longer than 64") }
      guard let bytes = Base64.decode(Array(text), padding: .none) else {
        throw malformed("it is not canonical base64")
      }
      body.append(contentsOf: bytes)
      if text.count < Stanza.lineLength { break }
    }
    return Stanza(type: arguments[0], arguments: Array(arguments.dropFirst()), body: body)
  }

  private mutating func nextLine() throws(AgeError) -> ArraySlice<UInt8> {
    line += 1
    guard let end = bytes[position...].firstIndex(of: Self.newline) else {
      throw .headerTruncated
    }
    defer { position = end + 1 }
    return bytes[position..<end]
  }

  private func malformed(_ reason: String) -> AgeError {
    .malformedHeader(line: line, reason)
  }
}
