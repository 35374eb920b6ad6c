internal import Vocabulary

/// An object that another than the database's owner owns.
package struct OwnershipFact: Codable, Sendable, Hashable {
  /// Its kind as `pg_identify_object` names it, `table` for example.
  package let kind: String
  /// Its name as `pg_identify_object` writes it, with schema and quotes.
  package let name: String
  /// The role that owns it.
  package let owner: String

  /// The statement that gives it to its owner.
  package var command: String {
    let keyword = kind == "statistics object" ? "STATISTICS" : kind.uppercased()
    return "ALTER \(keyword) \(name) OWNER TO \(SQLText.identifier(owner));"
  }

  /// Every object of users' that can change hands by itself, extensions' left out.
  private static let objects = """
    SELECT (pg_catalog.pg_identify_object(o.classid, o.objid, 0)).type,
      (pg_catalog.pg_identify_object(o.classid, o.objid, 0)).identity,
      pg_catalog.pg_get_userbyid(o.owner)
    FROM (
      SELECT 'pg_catalog.pg_class'::regclass::oid, c.oid, c.relowner FROM pg_catalog.pg_class c
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
        AND NOT (c.relkind = 'S' AND EXISTS (SELECT FROM pg_catalog.pg_depend d
          WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
            AND d.deptype IN ('a', 'i')
            AND d.refclassid = 'pg_catalog.pg_class'::regclass))
      UNION ALL SELECT 'pg_catalog.pg_namespace'::regclass, oid, nspowner
      FROM pg_catalog.pg_namespace WHERE nspname NOT LIKE 'pg\\_%'
      UNION ALL SELECT 'pg_catalog.pg_proc'::regclass, oid, proowner FROM pg_catalog.pg_proc
      UNION ALL SELECT 'pg_catalog.pg_type'::regclass, t.oid, t.typowner FROM pg_catalog.pg_type t
      WHERE t.typtype <> 'm' AND (t.typrelid = 0 OR EXISTS (SELECT FROM pg_catalog.pg_class c
          WHERE c.oid = t.typrelid AND c.relkind = 'c'))
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.typarray = t.oid)
      UNION ALL SELECT 'pg_catalog.pg_largeobject'::regclass, oid, lomowner
      FROM pg_catalog.pg_largeobject_metadata
      UNION ALL SELECT 'pg_catalog.pg_collation'::regclass, oid, collowner
      FROM pg_catalog.pg_collation
      UNION ALL SELECT 'pg_catalog.pg_operator'::regclass, oid, oprowner
      FROM pg_catalog.pg_operator
      UNION ALL SELECT 'pg_catalog.pg_statistic_ext'::regclass, oid, stxowner
      FROM pg_catalog.pg_statistic_ext
      UNION ALL SELECT 'pg_catalog.pg_ts_dict'::regclass, oid, dictowner
      FROM pg_catalog.pg_ts_dict
      UNION ALL SELECT 'pg_catalog.pg_ts_config'::regclass, oid, cfgowner
      FROM pg_catalog.pg_ts_config
    ) o (classid, objid, owner)
    WHERE (o.objid >= \(DatabaseFacts.firstOfUsers)
        OR o.classid = 'pg_catalog.pg_largeobject'::regclass)
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
        WHERE d.classid = o.classid AND d.objid = o.objid AND d.deptype = 'e')
    """

  static func gather(_ connection: PostgresConnection) throws -> [OwnershipFact] {
    try rows(
      objects + """
         AND o.owner <> (SELECT datdba FROM pg_catalog.pg_database
          WHERE datname = pg_catalog.current_database()) ORDER BY 1, 2
        """, connection)
  }

  /// All objects of a database.
  static func all(_ connection: PostgresConnection) throws -> [OwnershipFact] {
    try rows(objects, connection)
  }

  private static func rows(
    _ sql: String, _ connection: PostgresConnection
  ) throws -> [OwnershipFact] {
    try connection.query(sql).map {
      OwnershipFact(kind: $0[0] ?? "", name: $0[1] ?? "", owner: $0[2] ?? "")
    }
  }
}

extension DatabaseRestore {
  /// Gives objects to those who owned them, where there is such a role and it has no rights over the
  /// server: a function that runs with its owner's rights must not get a superuser's from a backup.
  ///
  /// Names in the statements are the target's own; the backup's are only compared with them.
  /// - Parameter facts: what others than the database's owner owned.
  /// - Returns: those that could not be given to their owner, with the reason.
  /// - Throws: `OperatorError` `postgres.query`.
  package func handOver(_ facts: [OwnershipFact]) throws -> [(fact: OwnershipFact, reason: String)]
  {
    guard !facts.isEmpty else { return [] }
    let connection = try PostgresConnection(target.trustingNoSearchPath)
    defer { connection.close() }
    let there = try OwnershipFact.all(connection)
    let owners = Dictionary(
      there.map { ([$0.kind, $0.name], $0.owner) }, uniquingKeysWith: { first, _ in first })
    var arePowerful: [String: Bool?] = [:]
    for owner in Set(facts.map(\.owner)) {
      arePowerful[owner] = .some(try RoleRights.arePowerful(owner, connection))
    }
    return facts.compactMap { fact in
      guard let owner = owners[[fact.kind, fact.name]], owner != fact.owner else { return nil }
      guard let isPowerful = arePowerful[fact.owner] ?? nil else {
        return (fact, "there is no role '\(fact.owner)'")
      }
      guard !isPowerful else { return (fact, "'\(fact.owner)' has rights over the whole server") }
      do {
        try connection.execute(fact.command)
        return nil
      } catch let error as OperatorError {
        return (fact, error.message)
      } catch {
        return (fact, "\(error)")
      }
    }
  }
}
