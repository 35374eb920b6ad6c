internal import Vocabulary

/// What is particular about one kind of database: what must not be saved, what must be there.
package struct DatabaseProfile: Sendable, Equatable {
  /// The word the configuration uses.
  package let name: String
  /// Tables, in any schema, whose rows must neither be saved nor survive a restore.
  package let excludedData: [String]
  /// Tables without which it is not this kind of database.
  package let vitalTables: [String]
  /// Tables worth naming in a report where they exist.
  package let watchedTables: [String]
  /// The encoding and locale a new database must have; nil keeps the source's.
  package let locale: DatabaseLocale?

  /// All profiles there are.
  package static let all: [DatabaseProfile] = [.synapse, .mautrix, .plain]

  /// Finds a profile by its word.
  /// - Parameter name: the word in the configuration.
  /// - Returns: the profile.
  /// - Throws: `OperatorError` `postgres.unknown-profile`, naming those there are.
  package static func named(_ name: String) throws -> DatabaseProfile {
    guard let profile = all.first(where: { $0.name == name }) else {
      throw OperatorError(
        "postgres.unknown-profile", .usage, "there is no database profile \(name)",
        hint: "the profiles are \(all.map(\.name).joined(separator: ", "))")
    }
    return profile
  }

  /// The vital tables a database lacks.
  /// - Parameter connection: a connection to the database.
  /// - Returns: the names of those missing, in this profile's order.
  /// - Throws: `OperatorError` `postgres.query`.
  package func missingTables(in connection: PostgresConnection) throws -> [String] {
    let found = try connection.query(
      """
      SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      """)
    let names = Set(found.compactMap { $0.first ?? nil })
    return vitalTables.filter { !names.contains($0) }
  }
}

/// The encoding and locale of a database.
package struct DatabaseLocale: Codable, Sendable, Equatable {
  /// The encoding as PostgreSQL names it, for example `UTF8`.
  package let encoding: String
  /// LC_COLLATE.
  package let collate: String
  /// LC_CTYPE.
  package let ctype: String
  /// The ICU locale where the provider is ICU.
  package let icuLocale: String?

  /// Puts a locale together.
  /// - Parameters:
  ///   - encoding: the encoding.
  ///   - collate: LC_COLLATE.
  ///   - ctype: LC_CTYPE.
  ///   - icuLocale: the ICU locale, where there is one.
  package init(encoding: String, collate: String, ctype: String, icuLocale: String? = nil) {
    self.encoding = encoding
    self.collate = collate
    self.ctype = ctype
    self.icuLocale = icuLocale
  }
}
