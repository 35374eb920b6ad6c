package import Vocabulary

/// Where the sources of a snapshot go on a new host; what it does not name is not restored.
package struct RestoreMap: Sendable {
  /// One source's target.
  package enum Target: Sendable {
    /// A database; `create` makes it, and `owner` is to own it.
    case database(conninfo: String, create: Bool, owner: String?)
    case path(String)
  }

  /// In the order of the file.
  package let targets: [(source: SourceName, target: Target)]
  /// Where each target stands, for errors: file, line and source.
  package let places: [SourceName: String]

  /// Reads and checks a map.
  ///
  /// - Throws: `OperatorError` of status `usage` that names file and line.
  package init(yaml: String, file: String) throws {
    let top = try StrictMapping(yaml: yaml, file: file)
    targets = try top.keys.map { key in
      guard let source = SourceName(key) else {
        throw top.problem("bad-name", at: key, "'\(key)' is no name of a source")
      }
      let mapping = try top.mapping(key, called: "the target of '\(key)'")
      guard let conninfo = try mapping.optionalText("conninfo") else {
        let isPath = mapping.keys.contains("path")
        try mapping.allow(only: isPath ? ["path"] : ["path", "conninfo", "create", "owner"])
        return (source, .path(try mapping.text("path")))
      }
      try mapping.allow(only: ["conninfo", "create", "owner"])
      return (
        source,
        .database(
          conninfo: conninfo, create: try mapping.optionalFlag("create") ?? false,
          owner: try mapping.optionalText("owner"))
      )
    }
    places = targets.reduce(into: [:]) { places, target in
      places[target.source] = "\(top.place(of: target.source.text)): source '\(target.source)'"
    }
    guard !targets.isEmpty else {
      throw OperatorError("config.no-targets", .usage, "\(file) names no source")
    }
  }
}
