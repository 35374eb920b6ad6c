import ArgumentParser
import Configuration
import OperatorConsole
import Vocabulary

extension CofferBackup {
  /// Prints who may open what, for an officer.
  struct Policy: CofferVerb {
    static let configuration = CommandConfiguration(
      abstract: "Print who may open each compartment, for 'coffer-custody recipients rewrap'.",
      discussion: """
        Whoever has this host can change its configuration: an officer reads the policy before he \
        rewraps by it.
        """)

    @OptionGroup var file: ConfigurationOption
    @OptionGroup var output: OutputOptions

    func perform(_ context: ToolContext) throws -> ExitStatus {
      let configuration = try file.load()
      let names = configuration.compartments.map(\.name.text)
      // Each compartment has a list of its own here, whatever the configuration calls them.
      let document = Document(
        recipients: Dictionary(
          uniqueKeysWithValues: zip(names, configuration.compartments.map(\.recipients))),
        compartments: Dictionary(
          uniqueKeysWithValues: names.map { ($0, Document.Group(recipients: $0)) }))
      guard !output.asJSON else {
        context.console.emit(document)
        return .done
      }
      let text = String(decoding: try JSONDocument.pretty(document), as: UTF8.self)
      for line in text.split(separator: "\n") { context.console.say(String(line)) }
      return .done
    }

    private struct Document: Encodable {
      struct Group: Encodable {
        let recipients: String
      }

      let recipients: [String: [String]]
      let compartments: [String: Group]
    }
  }
}
