internal import Vocabulary

extension DatabaseRestore {
  /// Makes the extensions that only a superuser may make, before anything of the dump runs.
  ///
  /// Nothing but names comes from the backup, and they are quoted. A user who is no superuser makes
  /// none: they are then left out of the restore, where they are not there already.
  /// - Parameters:
  ///   - facts: the extensions of the database.
  ///   - owner: who is to own schemas that are made for them; nil for the user that connects.
  /// - Throws: `OperatorError` `restore.target-not-empty`, or what the server refuses.
  package func makeUntrusted(_ facts: [ExtensionFact], owner: String?) throws {
    try requireEmpty()
    let connection = try PostgresConnection(target.trustingNoSearchPath)
    defer { connection.close() }
    guard try connection.value("SELECT current_setting('is_superuser')") == "on" else { return }
    let ground = try RestoreSelection.Ground(connection)
    for fact in facts where ground.superusersExtensions.contains(fact.name) {
      var sql = "CREATE EXTENSION IF NOT EXISTS \(SQLText.identifier(fact.name))"
      if let schema = fact.schema, schema != "pg_catalog" {
        let name = SQLText.identifier(schema)
        let authorization = owner.map { " AUTHORIZATION \(SQLText.identifier($0))" } ?? ""
        try connection.execute("CREATE SCHEMA IF NOT EXISTS \(name)\(authorization)")
        sql += " SCHEMA \(name)"
      }
      try connection.execute(sql + " CASCADE")
    }
  }
}
