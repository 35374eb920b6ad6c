import PostgreSQL
import Repository
package import SystemPackage
import Vocabulary

/// Where a source goes.
package enum RestoreTarget: Sendable {
  /// A database; `create` makes it, owned by `owner`.
  case database(conninfo: String, create: Bool, owner: String?)
  /// An empty database of a drill's own cluster, owned by `owner`.
  case scratch(conninfo: String, owner: String)
  /// A folder or file, which must not be there or be empty.
  case path(FilePath)
}

extension RestoreTarget {
  /// A path that an operator typed; a connection string is no name for a folder.
  static func path(typed text: String) throws -> RestoreTarget {
    guard !text.contains("dbname=") else {
      throw OperatorError(
        "restore.wrong-target", .usage, "this source is no database: its target is a path")
    }
    return .path(FilePath(text))
  }

  /// The path of a target for what is not a database.
  func requirePath(for record: SourceRecord) throws -> FilePath {
    guard case .path(let path) = self else {
      throw OperatorError(
        "restore.wrong-target", .usage,
        "source '\(record.name)' is of the kind '\(record.kind)' and needs a path as its target")
    }
    return path
  }

  /// The database of a target for what is one.
  func requireDatabase(
    for record: SourceRecord
  ) throws -> (conninfo: String, create: Bool, owner: String?) {
    switch self {
    case .database(let conninfo, let create, let owner): return (conninfo, create, owner)
    case .scratch(let conninfo, let owner): return (conninfo, false, owner)
    case .path:
      throw OperatorError(
        "restore.wrong-target", .usage,
        "source '\(record.name)' is a database and needs a conninfo as its target")
    }
  }

  /// What a database is restored for.
  var purpose: DatabaseRestore.Purpose {
    if case .scratch = self { .comparison } else { .service }
  }
}

extension RestoreTarget: CustomStringConvertible {
  package var description: String {
    switch self {
    case .database(let conninfo, _, _), .scratch(let conninfo, _): conninfo
    case .path(let path): path.string
    }
  }
}
