/// Names and values written into SQL so that they cannot be anything else.
package enum SQLText {
  /// Quotes a name.
  /// - Parameter name: a table's, column's, role's or database's name.
  /// - Returns: the name in double quotes.
  package static func identifier(_ name: String) -> String {
    "\"" + doubling("\"", in: name) + "\""
  }

  /// Quotes a table's name with its schema.
  /// - Parameters:
  ///   - schema: the schema.
  ///   - name: the table or sequence.
  /// - Returns: both names in double quotes.
  package static func identifier(_ schema: String, _ name: String) -> String {
    identifier(schema) + "." + identifier(name)
  }

  /// Quotes a value as a string literal, whatever `standard_conforming_strings` says.
  /// - Parameter value: the text.
  /// - Returns: the text in single quotes.
  package static func literal(_ value: String) -> String {
    let quoted = "'" + doubling("\\", in: doubling("'", in: value)) + "'"
    return value.contains("\\") ? "E" + quoted : quoted
  }

  private static func doubling(_ mark: Character, in text: String) -> String {
    String(text.flatMap { $0 == mark ? [$0, $0] : [$0] })
  }
}
