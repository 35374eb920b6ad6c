internal import GRDB
package import SystemPackage

/// A change that a restored database needs before its daemon may start.
package struct SQLiteSettlement: Sendable {
  /// Why, one sentence for the operator.
  package let reason: String
  let statement: String

  /// Makes the change.
  /// - Parameter path: the restored file, which nobody uses yet.
  /// - Throws: `OperatorError` `sqlite.failed` and its kin.
  package func apply(to path: FilePath) throws {
    try SQLiteFailure.explain(path) {
      try SQLiteFailure.checkPresence(of: path)
      let queue = try DatabaseQueue(path: path.string)
      try queue.write { try $0.execute(sql: statement) }
      try queue.close()
    }
  }
}

/// Compares two databases by their rows.
package enum SQLiteRows {
  /// The tables of which one file holds a row that the other does not; none where both are equal.
  ///
  /// How often a row occurs is left to `SQLiteFacts`, which count them.
  /// - Throws: `OperatorError` `sqlite.failed` and its kin.
  package static func differingTables(_ path: FilePath, _ other: FilePath) throws -> [String] {
    let facts = try SQLiteFacts.gather(path)
    return try SQLiteFailure.explain(path) {
      let queue = try DatabaseQueue(path: path.string)
      defer { try? queue.close() }
      return try queue.inDatabase { database in
        try database.execute(sql: "ATTACH DATABASE ? AS other", arguments: [other.string])
        return try facts.rowCounts.keys.sorted().filter { table in
          let name = SQLiteFacts.quoted(table)
          let sides = ["main", "other"]
          return try zip(sides, sides.reversed()).contains { one, two in
            try Bool.fetchOne(
              database,
              sql: """
                SELECT EXISTS (SELECT * FROM \(one).\(name) EXCEPT SELECT * FROM \(two).\(name))
                """) ?? true
          }
        }
      }
    }
  }
}
