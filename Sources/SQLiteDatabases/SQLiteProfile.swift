/// What is known of one application's database, so that a backup of the wrong or an emptied file is
/// noticed at once and not on the day of the restore.
package struct SQLiteProfile: Sendable {
  /// The name a configuration uses.
  package let name: String
  /// Tables without which the application has lost what a backup is for; lower case.
  package let vitalTables: [String]
  /// Tables that it has, too, and makes again where they are missing; lower case.
  package let watchedTables: [String]

  /// What a restored copy needs when the Synapse database was restored with it.
  package let settlement: SQLiteSettlement?

  /// Pantalaimon's `pan.db`: the Olm account and sessions, the keys of rooms, and who is logged in.
  package static let pantalaimon = SQLiteProfile(
    name: "pantalaimon",
    vitalTables: [
      "accounts", "olmsessions", "megolminboundsessions", "accesstokens", "servers", "serverusers",
    ],
    watchedTables: [
      "forwardedchains", "devicekeys", "keys", "devicetruststate", "encryptedrooms",
    ],
    // Synapse comes back without one-time keys, and nio publishes new ones only for an account that
    // it believes was never published: a count of zero it ignores.
    settlement: SQLiteSettlement(
      reason: "its accounts will publish new one-time keys, for Synapse came back with none",
      statement: "UPDATE accounts SET shared = 0"))

  /// All profiles there are.
  package static let all = [pantalaimon]

  /// The profile of a name; nil where there is none.
  package static func named(_ name: String) -> SQLiteProfile? {
    all.first { $0.name == name }
  }

  /// What an operator should hear about a snapshot, one sentence each.
  ///
  /// Warnings, not errors: a table may have been renamed by a newer version, and the copy is good.
  package func warnings(about facts: SQLiteFacts) -> [String] {
    let missing = missing(vitalTables + watchedTables, in: facts)
    if missing.count == vitalTables.count + watchedTables.count {
      return ["no table of \(name) is there; is this the right file?"]
    }
    return missing.map { "the table \($0), which \(name) needs, is missing" }
  }

  /// The vital tables that a database lacks, in this profile's order.
  package func missingVitalTables(in facts: SQLiteFacts) -> [String] {
    missing(vitalTables, in: facts)
  }

  private func missing(_ tables: [String], in facts: SQLiteFacts) -> [String] {
    // Peewee writes table names in lower case today; SQLite itself does not tell cases apart.
    let present = Set(facts.rowCounts.keys.map { $0.lowercased() })
    return tables.filter { !present.contains($0) }
  }
}
