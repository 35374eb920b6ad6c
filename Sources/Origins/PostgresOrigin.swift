package import Configuration
package import PostgreSQL
package import Repository
import SecretMemory
import Vocabulary

/// A PostgreSQL database, dumped as it is at one moment.
package struct PostgresOrigin: Origin {
  package static let schema = SourceSchema(
    kind: "postgresql", required: ["conninfo": .text], optional: [:],
    profiles: DatabaseProfile.all.map(\.name))

  /// What a manifest says of a database.
  struct Facts: Codable {
    let database: DatabaseFacts
    /// Rows and digest of each table, and where sequences are set, taken from the dump as it passed.
    let figures: ContentFigures
  }

  private let conninfo: String
  private let profile: DatabaseProfile

  package init(_ settings: SourceSettings) throws {
    conninfo = settings.text("conninfo")
    // A configuration with a password in it is refused before anything runs.
    try settings.read("conninfo", as: Self.checkConninfo)
    profile = try DatabaseProfile.named(settings.profile ?? "plain")
  }

  /// Refuses a connection string that cannot be read or holds a password, before anything runs.
  ///
  /// - Throws: `postgres.conninfo`, `postgres.password-in-conninfo`.
  package static func checkConninfo(_ text: String) throws {
    _ = try ConnectionInfo(text)
  }

  /// The newest major version among the servers that these databases came from.
  package static func serverMajor(of records: [SourceRecord]) throws -> Int {
    try records.map { try $0.facts(as: Facts.self).database.serverMajor }.max() ?? 0
  }

  package var turn: NightTurn {
    switch profile.name {
    case "mautrix": .bridgeDatabase
    case "synapse": .synapseDatabase
    default: .database
    }
  }

  package var place: String { conninfo }

  package func preflight() async throws -> Int? {
    let connection = try PostgresConnection(conninfo: conninfo)
    defer { connection.close() }
    _ = try await DumpProgram(serverVersion: connection.serverVersion)
    try ReadRights.check(connection)
    return try connection.value("SELECT pg_database_size(current_database())").flatMap { Int($0) }
  }

  package func readAhead() -> (any ReadAhead)? {
    DatabaseSaving(
      conninfo: conninfo, profile: profile, begun: DatabaseReading(conninfo, profile))
  }

  package func save(with context: SavingContext) async throws -> SavedSource {
    try await DatabaseSaving(conninfo: conninfo, profile: profile, begun: nil).save(with: context)
  }

  /// An empty database, or a new one where there is none of that name.
  package static func target(_ text: String) throws -> RestoreTarget {
    do {
      try PostgresConnection(conninfo: text).close()
      return .database(conninfo: text, create: false, owner: nil)
    } catch let error as OperatorError where error.code == "postgres.no-database" {
      return .database(conninfo: text, create: true, owner: nil)
    }
  }

  package static func list(
    _ record: SourceRecord, reader: CompartmentReader, _ take: (ListedItem) throws -> Void
  ) throws {
    for table in try record.facts(as: Facts.self).figures.tables {
      try take(ListedItem(kind: "table", path: table.name, size: table.bytes, rows: table.rows))
    }
  }

  package static func verify(
    _ record: SourceRecord, reader: CompartmentReader, context: RestoringContext
  ) throws {
    let facts = try record.facts(as: Facts.self)
    var observer = DumpArchiveObserver()
    try reader.stream(record.content) { piece in
      try context.interruption.check()
      observer.observe(piece)
      context.meter.advance(bytes: piece.byteCount)
    }
    guard try observer.finish().areThose(of: facts.figures) else {
      throw OperatorError(
        "dump.figures", .mismatch, "\(record.name): the dump's rows are not those of the manifest")
    }
  }

  package static func plan(_ record: SourceRecord, target: RestoreTarget) async throws -> [String] {
    let (conninfo, create, owner) = try target.requireDatabase(for: record)
    let facts = try record.facts(as: Facts.self).database
    guard create else {
      try DatabaseRestore(conninfo: conninfo).requireEmpty()
      return ["\(record.name): database into the empty one at \(conninfo)"]
    }
    try DatabaseRestore(conninfo: conninfo).requireAbsent()
    return ["\(record.name): new database, owned by \(owner ?? facts.owner), at \(conninfo)"]
  }

  package static func restore(
    _ record: SourceRecord, reader: CompartmentReader, target: RestoreTarget,
    context: RestoringContext
  ) async throws -> [Finding] {
    let (conninfo, create, owner) = try target.requireDatabase(for: record)
    let facts = try record.facts(as: Facts.self).database
    let profile = try DatabaseProfile.named(record.profile ?? "plain")
    var findings: [Finding] = []
    if create {
      let made = try DatabaseRestore(conninfo: conninfo).create(
        owner: owner ?? facts.owner, locale: profile.locale ?? facts.locale, roles: facts.roles)
      findings += made.map {
        Finding(
          .warning, "database.role", "\(record.name): role '\($0)' was made, and has no password")
      }
    }
    let login = try login(for: record, target)
    if let user = login.powerfulUser {
      findings.append(
        Finding(
          .warning, "database.superuser",
          "\(record.name): the dump's SQL ran as '\(user)', which may do anything on that server: "
            + "the owner could not log in, or is none of less rights"))
    }
    try DatabaseRestore(conninfo: conninfo).makeUntrusted(
      facts.extensions, owner: owner ?? (create ? facts.owner : nil))
    let database = try DatabaseRestore(conninfo: login.conninfo, for: target.purpose)
    var cursor = reader.cursor(record.content.reference)
    let check = ContentCheck(record.content)
    let leftOut = try await database.restore(owner: login.role, dumpMajor: facts.serverMajor) {
      try context.interruption.check()
      guard let run = try cursor.next() else { return nil }
      check.update(run)
      context.meter.advance(bytes: run.bytes.count)
      return run.bytes
    }
    try check.finish()
    try database.finish(profile)
    findings.append(
      Finding(.good, "database.restored", "\(record.name): \(record.content.size) bytes of dump"))
    return try findings
      + DatabaseCompletion(record.name, facts, at: target.requireDatabase(for: record))
      .run(afterLeavingOut: leftOut)
  }

  package static func compare(
    _ record: SourceRecord, reader: CompartmentReader, target: RestoreTarget,
    context: RestoringContext
  ) async throws -> [Finding] {
    let facts = try record.facts(as: Facts.self)
    let profile = try DatabaseProfile.named(record.profile ?? "plain")
    return try reading(record, target) {
      try DatabaseComparison(record.name, facts: facts, profile: profile).compare($0)
    }
  }

  /// Lends the connection string of a login that can read a restored database, also what belongs to
  /// others than its owner.
  static func reading<R>(
    _ record: SourceRecord, _ target: RestoreTarget, _ body: (_ conninfo: String) throws -> R
  ) throws -> R {
    let login = try login(for: record, target)
    let owners = try record.facts(as: Facts.self).database.ownership?.map(\.owner) ?? []
    let loan = try RoleLoan(
      Set(owners), to: login, by: target.requireDatabase(for: record).conninfo)
    defer { loan.end() }
    return try body(login.conninfo)
  }

  /// As whom a restored database is filled and looked at.
  static func login(for record: SourceRecord, _ target: RestoreTarget) throws -> DatabaseLogin {
    let (conninfo, create, owner) = try target.requireDatabase(for: record)
    let saved = create ? try record.facts(as: Facts.self).database.owner : nil
    return try DatabaseLogin.leastPowerful(conninfo, owner: owner ?? saved)
  }

  /// Makes an empty database for a drill.
  ///
  /// - Returns: it, owned by a login that may do nothing beyond it, and that is to do everything.
  /// - Throws: what the scratch cluster refuses.
  package static func scratchTarget(
    for record: SourceRecord, named name: String, in cluster: ScratchCluster
  ) throws -> RestoreTarget {
    let facts = try record.facts(as: Facts.self).database
    let profile = try DatabaseProfile.named(record.profile ?? "plain")
    let (conninfo, login) = try cluster.makeDatabase(
      name, locale: profile.locale ?? facts.locale, roles: facts.roles)
    return .scratch(conninfo: conninfo, owner: login)
  }
}
