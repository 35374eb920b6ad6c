package import Vocabulary

/// What a kind of source may say in the configuration.
package struct SourceSchema: Sendable {
  /// What a key's value must be.
  package enum Value: Sendable {
    case text
    case texts
  }

  package let kind: String
  package let required: [String: Value]
  package let optional: [String: Value]
  /// Profiles this kind knows; `profile:` may name one of them.
  package let profiles: [String]

  package init(
    kind: String, required: [String: Value], optional: [String: Value], profiles: [String]
  ) {
    self.kind = kind
    self.required = required
    self.optional = optional
    self.profiles = profiles
  }
}

/// A source as the configuration names it.
package struct SourceSettings: Sendable {
  package let name: SourceName
  package let kind: String
  package let profile: String?
  private let texts: [String: [String]]
  private let places: [String: String]

  init(
    _ name: SourceName, _ mapping: StrictMapping, schemas: [SourceSchema]
  ) throws {
    self.name = name
    let kind = try mapping.text("kind")
    guard let schema = schemas.first(where: { $0.kind == kind }) else {
      throw mapping.problem(
        "unknown-kind", at: "kind", "source '\(name)' is of an unknown kind '\(kind)'",
        hint: "known kinds: \(schemas.map(\.kind).joined(separator: ", "))")
    }
    let values = schema.required.merging(schema.optional) { first, _ in first }
    try mapping.allow(only: ["kind", "profile"] + values.keys.sorted())
    profile = try mapping.optionalText("profile")
    if let profile, !schema.profiles.contains(profile) {
      throw mapping.problem(
        "unknown-profile", at: "profile",
        "sources of the kind '\(kind)' have no profile '\(profile)'",
        hint: "known profiles: \(schema.profiles.joined(separator: ", "))")
    }
    self.kind = kind
    var texts: [String: [String]] = [:]
    for (key, value) in values {
      switch value {
      case .text where schema.required[key] != nil: texts[key] = [try mapping.text(key)]
      case .text: texts[key] = try mapping.optionalText(key).map { [$0] }
      case .texts: texts[key] = try mapping.texts(key)
      }
    }
    self.texts = texts
    places = values.reduce(into: [:]) { places, value in
      places[value.key] = "\(mapping.place(of: value.key)): source '\(name)'"
    }
  }

  /// The text of a required key; the schema has made sure that it is there.
  package func text(_ key: String) -> String { texts[key]?.first ?? "" }

  /// Reads the text of a required key as what its kind needs.
  ///
  /// - Throws: what `body` throws; an `OperatorError` then names file, line and source.
  package func read<Value>(_ key: String, as body: (String) throws -> Value) throws -> Value {
    do {
      return try body(text(key))
    } catch let error as OperatorError {
      throw error.at(places[key] ?? "source '\(name)'")
    }
  }

  /// The list of texts of a key, empty where it is left out.
  package func list(_ key: String) -> [String] { texts[key] ?? [] }
}
