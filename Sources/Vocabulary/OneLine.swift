extension StringProtocol {
  /// The text as one line that a terminal shows and does not obey: control characters, line and
  /// paragraph separators and what turns the direction of writing stand as `\u{1B}` does here.
  ///
  /// For what others wrote: labels and token types of a volume, names of files.
  package var onOneLine: String {
    var line = ""
    for scalar in unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator:
        line += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
      default: line.unicodeScalars.append(scalar)
      }
    }
    return line
  }
}
