internal import Vocabulary

/// What is particular about one kind of database: what must not be saved, what must be there.
package struct DatabaseProfile: Sendable, Equatable {
  /// The word the configuration uses.
  package let name: String
  /// Tables, in any schema, whose rows must neither be saved nor survive a restore.
  package let excludedData: [String]
  /// Tables without which nothing of its kind works.
  package let vitalTables: [String]
  /// Tables without which nothing works where the table is there that they are named by: a bridge has
  /// those of its network, and those of encryption where that is on.
  let companions: [String: [String]]
  /// Tables that most of its kind have: worth a look where one is missing.
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

  /// Looks which tables a database lacks.
  /// - Parameter connection: a connection to the database.
  /// - Returns: those missing.
  /// - Throws: `OperatorError` `postgres.query`.
  package func missingTables(in connection: PostgresConnection) throws -> MissingTables {
    let found = try connection.query(
      """
      SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      """)
    let names = Set(found.compactMap { $0.first ?? nil })
    let vital = vitalTables + companions.filter { names.contains($0.key) }.flatMap(\.value).sorted()
    return MissingTables(
      vital: vital.filter { !names.contains($0) },
      watched: watchedTables.filter { !names.contains($0) })
  }
}

/// Tables that a database of some kind should have and has not.
package struct MissingTables: Sendable, Equatable {
  /// Those without which nothing works.
  package let vital: [String]
  /// Those that most of its kind have.
  package let watched: [String]
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
