/// A value with one written form, which is how JSON, logs and people see it.
package protocol WrittenForm: Sendable, Hashable, Codable, CustomStringConvertible {
  /// Reads the written form; nil for anything else.
  init?(_ text: String)

  /// The written form.
  var text: String { get }
}

extension WrittenForm {
  package var description: String { text }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let value = Self(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "not a \(Self.self) in its written form")
    }
    self = value
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
