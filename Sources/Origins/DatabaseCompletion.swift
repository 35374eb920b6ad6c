import PostgreSQL
import Vocabulary

/// Puts back what a dump's owner could not: owners, the database's settings, grants on it; and names
/// what is not as it was, with the command for it.
struct DatabaseCompletion {
  private static let mostNamed = 5

  private let source: SourceName
  private let facts: DatabaseFacts
  private let target: (conninfo: String, create: Bool, owner: String?)

  init(
    _ source: SourceName, _ facts: DatabaseFacts,
    at target: (conninfo: String, create: Bool, owner: String?)
  ) {
    (self.source, self.facts, self.target) = (source, facts, target)
  }

  func run(afterLeavingOut earlier: [LeftOut]) throws -> [Finding] {
    let database = try DatabaseRestore(conninfo: target.conninfo)
    var leftOut = earlier
    leftOut += try database.apply(facts.settings ?? [])
    // Who made the database has decided who may enter it.
    if target.create, let privileges = facts.privileges {
      leftOut += try database.grant(privileges)
    }
    return leftOut.map { left in
      let command =
        left.command.isEmpty ? "" : "; read it, then run as a superuser: \(left.command)"
      return Finding(
        .warning, "database.left-out",
        "\(source): left out: \(left.name): \(left.reason)\(command)".withoutControls)
    } + (try ownership(database))
  }

  private func ownership(_ database: DatabaseRestore) throws -> [Finding] {
    let kept = try database.handOver(facts.ownership ?? [])
    let byOwner = Dictionary(grouping: kept) { "'\($0.fact.owner)': \($0.reason)" }
    return byOwner.sorted { $0.key < $1.key }.map { owner, objects in
      let commands = objects.prefix(Self.mostNamed).map(\.fact.command).joined(separator: " ")
      let rest = objects.count > Self.mostNamed ? " …" : ""
      return Finding(
        .warning, "database.ownership",
        ("\(source): \(objects.count) objects were not given to \(owner); for a superuser: "
          + commands + rest).withoutControls)
    }
  }
}

extension String {
  /// Without what could make a terminal show something else than stands there: it is from a backup.
  fileprivate var withoutControls: String {
    String(
      String.UnicodeScalarView(
        unicodeScalars.filter { ![.control, .format].contains($0.properties.generalCategory) }))
  }
}
