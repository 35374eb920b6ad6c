import FoundationEssentials

/// JSON as the store and the tools write it: keys sorted, slashes as they are.
package enum JSONDocument {
  /// Encodes for people and for hashing: several lines, and the same bytes for the same value.
  package static func pretty(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
  }

  /// Encodes on one line, without a line end.
  package static func line(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(value))
  }

  /// Decodes a whole document.
  package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws
    -> Value
  {
    try JSONDecoder().decode(type, from: Data(bytes))
  }

  /// Turns a value into its JSON form.
  package static func value(of encodable: some Encodable) throws -> JSONValue {
    try decode(JSONValue.self, from: line(encodable))
  }

  /// Turns a JSON form into a value.
  package static func decode<Value: Decodable>(_ type: Value.Type, from value: JSONValue) throws
    -> Value
  {
    try decode(type, from: line(value))
  }
}
