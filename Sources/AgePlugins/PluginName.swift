internal import Vocabulary

/// The name of a plugin, as it stands in its keys and in `age-plugin-NAME`.
///
/// age-plugin.md, "Conventions": letters, digits, and `+-._`; case tells nothing.
package struct PluginName: Sendable, Hashable, CustomStringConvertible {
  /// In lower case.
  package let text: String

  /// Takes a name that can be one.
  ///
  /// Throws `OperatorError` `plugin.name`.
  package init(_ text: String) throws {
    let characters = Array(text.utf8)
    let isName =
      !characters.isEmpty
      && characters.allSatisfy { character in
        switch character {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: Array("+-._".utf8).contains(character)
        }
      }
    guard isName else {
      throw OperatorError("plugin.name", .usage, "no plugin can have the name in this key")
    }
    self.text = text.lowercased()
  }

  /// The name of its program.
  package var program: String { "age-plugin-\(text)" }

  package var description: String { text }
}
