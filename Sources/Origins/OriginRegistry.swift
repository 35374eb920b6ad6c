package import Configuration
import Vocabulary

/// Every kind of source there is, a line each.
package enum OriginRegistry {
  private static let kinds: [any Origin.Type] = [
    FilesOrigin.self,
    PostgresOrigin.self,
    SQLiteOrigin.self,
  ]

  /// What the configuration may say of each kind.
  package static var schemas: [SourceSchema] { kinds.map { $0.schema } }

  /// Makes a source of its settings.
  ///
  /// - Throws: what is wrong with them, status `usage`.
  package static func make(_ settings: SourceSettings) throws -> any Origin {
    try kind(settings.kind).init(settings)
  }

  /// The kind of that name.
  ///
  /// - Throws: `source.unknown-kind` for a manifest of a newer program.
  package static func kind(_ name: String) throws -> any Origin.Type {
    guard let kind = kinds.first(where: { $0.schema.kind == name }) else {
      throw OperatorError(
        "source.unknown-kind", .failed, "sources of the kind '\(name)' are not known here",
        hint: "use the coffer that saved it, or a newer one")
    }
    return kind
  }
}
