package import Vocabulary
import Yams

/// A YAML mapping that is read key by key, and in which a key nobody knows is an error.
///
/// Errors name the file, the line and, for a misspelt key, the nearest known one.
package struct StrictMapping {
  package let place: String
  private let file: String
  private let line: Int
  private var entries: [(key: String, line: Int, value: Node)]

  /// Reads the mapping at the top of a YAML text.
  ///
  /// - Parameters:
  ///   - yaml: the text.
  ///   - file: its name, for errors.
  /// - Throws: `config.syntax` where it is no YAML, or no mapping; `config.duplicate`.
  package init(yaml: String, file: String) throws {
    let node: Node?
    do {
      node = try Yams.compose(yaml: yaml)
    } catch {
      throw Self.syntaxError(error, file)
    }
    guard let node else {
      throw OperatorError("config.syntax", .usage, "\(file) is empty")
    }
    try self.init(node, file: file, place: "the file")
  }

  private init(_ node: Node, file: String, place: String) throws {
    self.file = file
    self.place = place
    line = node.mark?.line ?? 1
    guard let mapping = node.mapping else {
      throw OperatorError(
        "config.syntax", .usage, "\(file):\(line): \(place) must be a mapping of keys to values")
    }
    entries = mapping.map { key, value in
      (key.string ?? "", key.mark?.line ?? 1, value)
    }
    var seen: Set<String> = []
    for entry in entries where !seen.insert(entry.key).inserted {
      throw OperatorError(
        "config.duplicate", .usage, "\(file):\(entry.line): '\(entry.key)' stands twice in \(place)"
      )
    }
  }

  /// The keys in the order of the file.
  package var keys: [String] { entries.map(\.key) }

  /// Refuses keys other than these.
  ///
  /// - Throws: `config.unknown-key` for the first one.
  package func allow(only known: [String]) throws {
    for entry in entries where !known.contains(entry.key) {
      let nearest = known.min { Self.distance($0, entry.key) < Self.distance($1, entry.key) }
      let isNear = nearest.map { Self.distance($0, entry.key) <= max(2, $0.count / 2) } ?? false
      throw OperatorError(
        "config.unknown-key", .usage,
        "\(file):\(entry.line): unknown key '\(entry.key)' in \(place)",
        hint: isNear
          ? "did you mean '\(nearest ?? "")'?"
          : "known keys here: \(known.joined(separator: ", "))")
    }
  }

  /// A text that must be there.
  package func text(_ key: String) throws -> String {
    guard let text = try optionalText(key) else { throw missing(key) }
    return text
  }

  /// A text that may be left out.
  package func optionalText(_ key: String) throws -> String? {
    guard let value = value(key) else { return nil }
    guard let text = value.scalar?.string, !text.isEmpty else {
      throw wrong(key, "a text")
    }
    return text
  }

  /// A yes or no that may be left out.
  package func optionalFlag(_ key: String) throws -> Bool? {
    guard let value = value(key) else { return nil }
    guard let flag = value.bool else { throw wrong(key, "true or false") }
    return flag
  }

  /// A list of texts, empty where it is left out.
  package func texts(_ key: String) throws -> [String] {
    guard let value = value(key) else { return [] }
    guard let list = value.sequence else { throw wrong(key, "a list") }
    return try list.map { item in
      guard let text = item.scalar?.string, !text.isEmpty else {
        throw wrong(key, "a list of texts")
      }
      return text
    }
  }

  /// Where the entries of a list stand: `coffer.yaml:7`, one a text of `texts`.
  package func places(of key: String) -> [String] {
    value(key)?.sequence?.map { "\(file):\($0.mark?.line ?? line)" } ?? []
  }

  /// Where a key stands: `coffer.yaml:7`.
  package func place(of key: String) -> String {
    "\(file):\(entries.first { $0.key == key }?.line ?? line)"
  }

  /// A mapping that must be there.
  package func mapping(_ key: String, called place: String) throws -> StrictMapping {
    guard let value = value(key) else { throw missing(key) }
    return try StrictMapping(value, file: file, place: place)
  }

  /// Whether a key has a mapping, where it may have one.
  package func isMapping(_ key: String) -> Bool { value(key)?.mapping != nil }

  /// An error at a key, for what only the caller can judge.
  package func problem(
    _ code: String, at key: String, _ why: String, hint: String? = nil
  ) -> OperatorError {
    OperatorError("config.\(code)", .usage, "\(place(of: key)): \(why)", hint: hint)
  }

  private func value(_ key: String) -> Node? { entries.first { $0.key == key }?.value }

  private func missing(_ key: String) -> OperatorError {
    OperatorError("config.missing-key", .usage, "\(file):\(line): \(place) needs '\(key)'")
  }

  private func wrong(_ key: String, _ what: String) -> OperatorError {
    problem("wrong-type", at: key, "'\(key)' in \(place) must be \(what)")
  }

  /// Says where and why, and not more: what YAML's own errors quote may hold a password.
  private static func syntaxError(_ error: any Error, _ file: String) -> OperatorError {
    switch error as? YamlError {
    case .duplicatedKeysInMapping(let keys, let context):
      OperatorError(
        "config.duplicate", .usage,
        "\(file):\(context.mark.line): '\(keys.joined(separator: "', '"))' stands twice")
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      OperatorError(
        "config.syntax", .usage, "\(file):\(mark.line): this is not valid YAML: \(problem)")
    default: OperatorError("config.syntax", .usage, "\(file) is not valid YAML")
    }
  }

  /// Levenshtein's distance; keys are short.
  private static func distance(_ left: String, _ right: String) -> Int {
    let right = Array(right.utf8)
    var row = Array(0...right.count)
    for (index, byte) in left.utf8.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for column in right.indices {
        let replaced = diagonal + (right[column] == byte ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
      }
    }
    return row[right.count]
  }
}
