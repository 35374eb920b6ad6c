package import SystemPackage
package import Vocabulary

/// A compartment as the configuration names it: sources that share recipients.
package struct CompartmentSettings: Sendable {
  package let name: CompartmentName
  /// Recipients as text, at least one.
  package let recipients: [String]
  /// Where each of them stands, for errors: file, line, list and entry.
  package let recipientPlaces: [String]
  package let sources: [SourceSettings]
}

/// The one configuration file of a backed-up host.
package struct CofferConfiguration: Sendable {
  package let store: String
  package let state: FilePath
  /// The file of the host's signing key, as it is or sealed.
  package let hostKey: FilePath
  /// What opens that file; nil where the key lies in it as it is.
  package let hostKeySeal: HostKeySeal?
  package let metrics: FilePath?
  /// In the order of the file.
  package let compartments: [CompartmentSettings]

  /// Where the host key's public half lies: beside it, as `.pub`.
  package var hostPublicKey: FilePath {
    var path = hostKeyStem
    path.extension = "pub"
    return path
  }

  /// Where the compartments' keys lie: beside the host key, for they outlive the state folder.
  package var compartmentKeys: FilePath {
    var path = hostKeyStem
    path.extension = "compartments"
    return path
  }

  private var hostKeyStem: FilePath {
    hostKeySeal == nil ? hostKey : HostKeySeal.stem(of: hostKey)
  }

  /// All sources, with their compartments.
  package var sources: [(compartment: CompartmentSettings, source: SourceSettings)] {
    compartments.flatMap { compartment in compartment.sources.map { (compartment, $0) } }
  }

  /// Reads and checks a configuration.
  ///
  /// - Parameters:
  ///   - yaml: the file's text.
  ///   - file: its name, for errors.
  ///   - schemas: the kinds of source there are.
  /// - Throws: `OperatorError` of status `usage` that names file and line.
  package init(yaml: String, file: String, schemas: [SourceSchema]) throws {
    let top = try StrictMapping(yaml: yaml, file: file)
    try top.allow(only: ["store", "state", "host_key", "metrics", "recipients", "compartments"])
    store = try top.text("store")
    state = FilePath(try top.text("state"))
    (hostKey, hostKeySeal) = try Self.hostKey(top)
    guard hostKey.extension != "pub", HostKeySeal.stem(of: hostKey).extension != "pub" else {
      throw top.problem(
        "bad-host-key", at: "host_key", "'host_key' must not end in .pub: its public half does")
    }
    metrics = try top.optionalText("metrics").map { FilePath($0) }
    let groups = try Self.recipientGroups(top)
    compartments = try Self.compartments(top, groups: groups, schemas: schemas)
    try Self.refuseSharedNames(compartments, top)
  }

  /// Recipients that share a name, and where each stands.
  private struct RecipientGroup {
    let recipients: [String]
    let places: [String]
  }

  private static func recipientGroups(_ top: StrictMapping) throws -> [String: RecipientGroup] {
    let mapping = try top.mapping("recipients", called: "'recipients'")
    var groups: [String: RecipientGroup] = [:]
    for name in mapping.keys {
      let recipients = try mapping.texts(name)
      guard !recipients.isEmpty else {
        throw mapping.problem("no-recipients", at: name, "recipients '\(name)' is an empty list")
      }
      let places = mapping.places(of: name).enumerated().map { index, place in
        "\(place): entry \(index + 1) of recipients '\(name)'"
      }
      groups[name] = RecipientGroup(recipients: recipients, places: places)
    }
    return groups
  }

  private static func compartments(
    _ top: StrictMapping, groups: [String: RecipientGroup], schemas: [SourceSchema]
  ) throws -> [CompartmentSettings] {
    let all = try top.mapping("compartments", called: "'compartments'")
    let compartments = try all.keys.map { key in
      guard let name = CompartmentName(key) else {
        throw all.problem("bad-name", at: key, "'\(key)' is no name for a compartment", hint: rule)
      }
      let mapping = try all.mapping(key, called: "compartment '\(key)'")
      try mapping.allow(only: ["recipients", "sources"])
      let group = try mapping.text("recipients")
      guard let readers = groups[group] else {
        throw mapping.problem(
          "unknown-recipients", at: "recipients",
          "compartment '\(key)' names recipients '\(group)', which are not defined",
          hint: "defined: \(groups.keys.sorted().joined(separator: ", "))")
      }
      return CompartmentSettings(
        name: name, recipients: readers.recipients, recipientPlaces: readers.places,
        sources: try sources(mapping, key, schemas))
    }
    guard !compartments.isEmpty else {
      throw top.problem("no-sources", at: "compartments", "no compartment is defined")
    }
    return compartments
  }

  private static func sources(
    _ compartment: StrictMapping, _ name: String, _ schemas: [SourceSchema]
  ) throws -> [SourceSettings] {
    let all = try compartment.mapping("sources", called: "the sources of '\(name)'")
    guard !all.keys.isEmpty else {
      throw compartment.problem("no-sources", at: "sources", "compartment '\(name)' has no source")
    }
    return try all.keys.map { key in
      guard let source = SourceName(key) else {
        throw all.problem("bad-name", at: key, "'\(key)' is no name for a source", hint: rule)
      }
      return try SourceSettings(
        source, try all.mapping(key, called: "source '\(key)'"), schemas: schemas)
    }
  }

  private static let rule = "use 1 to 64 letters, digits, '-' and '_'"

  /// A source's name alone must say which source is meant, also in a restore map.
  private static func refuseSharedNames(
    _ compartments: [CompartmentSettings], _ top: StrictMapping
  ) throws {
    var seen: Set<SourceName> = []
    for compartment in compartments {
      for source in compartment.sources where !seen.insert(source.name).inserted {
        throw top.problem(
          "duplicate", at: "compartments", "two sources are called '\(source.name)'")
      }
    }
  }
}
