/// The columns named in pg_dump's `COPY schema.table (a, "B c") FROM stdin;`.
enum CopyStatement {
  /// Reads the list of columns.
  /// - Parameter statement: the statement as the archive has it.
  /// - Returns: the columns in order, none for a table without columns; nil where the statement
  ///   is not one that pg_dump writes.
  static func columns(of statement: String) -> [String]? {
    var scanner = Scanner(rest: Array(statement.utf8)[...])
    guard scanner.skip("COPY "), scanner.name() != nil else { return nil }
    if scanner.skip(".") { guard scanner.name() != nil else { return nil } }
    _ = scanner.skip(" ")
    var columns: [String] = []
    if scanner.skip("(") {
      repeat {
        guard let column = scanner.name() else { return nil }
        columns.append(column)
      } while scanner.skip(", ")
      guard scanner.skip(")") else { return nil }
    }
    _ = scanner.skip(" ")
    guard scanner.skip("FROM stdin;") else { return nil }
    return columns
  }

  private struct Scanner {
    var rest: ArraySlice<UInt8>

    mutating func skip(_ word: String) -> Bool {
      guard rest.starts(with: word.utf8) else { return false }
      rest = rest.dropFirst(word.utf8.count)
      return true
    }

    mutating func name() -> String? {
      let quote = UInt8(ascii: "\"")
      var text: [UInt8] = []
      guard rest.first == quote else {
        let end = rest.firstIndex { " .,()\";".utf8.contains($0) } ?? rest.endIndex
        text = Array(rest[..<end])
        rest = rest[end...]
        return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
      }
      rest = rest.dropFirst()
      while let byte = rest.popFirst() {
        if byte != quote {
          text.append(byte)
        } else if rest.first == quote {
          text.append(quote)
          rest = rest.dropFirst()
        } else {
          return String(decoding: text, as: UTF8.self)
        }
      }
      return nil
    }
  }
}
