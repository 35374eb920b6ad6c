import AgeFormat
import Catalog
import Configuration
import Origins
import Recipients
import Vocabulary

/// The sources of a night in the order in which they are saved.
struct NightPlan {
  /// A source and what is needed to save it.
  struct Step {
    let compartment: CompartmentName
    let source: SourceName
    let kind: String
    let profile: String?
    let origin: any Origin
    /// Whether this run is to save it.
    let isWanted: Bool
  }

  let steps: [Step]
  let recipients: [CompartmentName: [any Recipient]]
  /// The same as age writes them.
  let recipientTexts: [CompartmentName: [String]]

  /// Plans a night.
  ///
  /// - Parameters:
  ///   - configuration: the host's.
  ///   - only: the sources to save; all where empty.
  /// - Throws: `source.unknown` for a name that the configuration does not have, and what is wrong
  ///   with recipients or sources.
  init(_ configuration: CofferConfiguration, only: [String]) throws {
    let known = configuration.sources.map { $0.source.name.text }
    for name in only where !known.contains(name) {
      throw OperatorError(
        "source.unknown", .usage, "the configuration has no source '\(name)'",
        hint: "it has \(known.joined(separator: ", "))")
    }
    steps = try configuration.sources.map { compartment, source in
      Step(
        compartment: compartment.name, source: source.name, kind: source.kind,
        profile: source.profile, origin: try OriginRegistry.make(source),
        isWanted: only.isEmpty || only.contains(source.name.text))
    }.enumerated().sorted {
      ($0.element.origin.turn.rawValue, $0.offset) < ($1.element.origin.turn.rawValue, $1.offset)
    }.map(\.element)
    var recipients: [CompartmentName: [any Recipient]] = [:]
    for compartment in configuration.compartments {
      recipients[compartment.name] = try zip(
        compartment.recipients, compartment.recipientPlaces
      ).map { text, place in
        do {
          return try RecipientRegistry.parse(text)
        } catch let error as OperatorError {
          throw error.at(place)
        }
      }
    }
    self.recipients = recipients
    recipientTexts = Dictionary(
      uniqueKeysWithValues: configuration.compartments.map { ($0.name, $0.recipients) })
  }
}
