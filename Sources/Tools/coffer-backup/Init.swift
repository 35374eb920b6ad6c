import ArgumentParser
import Configuration
import OperatorConsole
import Operations
import SystemPackage
import Vocabulary

extension CofferBackup {
  /// Makes store, state folder and keys.
  struct Init: CofferVerb {
    static let configuration = CommandConfiguration(
      abstract: "Make the store, the state folder, the host key and the compartments' keys.",
      discussion: "Makes what is missing and keeps what is there; it can be run again.")

    @OptionGroup var file: ConfigurationOption
    @OptionGroup var output: OutputOptions

    func perform(_ context: ToolContext) throws -> ExitStatus {
      let configuration = try file.load()
      let report = try StorePreparation.prepare(configuration, by: TPMHostKey())
      for path in report.made { context.console.say("made \(path)") }
      for compartment in report.keyedAnew {
        context.console.warn(
          "compartment '\(compartment)' had a key, which is lost: with the new one the next run stores "
            + "all of it again; if there is a copy of the old key, put it back before that run")
      }
      context.console.say(
        """
        store \(report.storeID) at \(configuration.store)\(report.storeWasThere ? " (was there)" : "")
        host  \(report.host), public key \(configuration.hostPublicKey)
        Keep a copy of the public key off this host: whoever restores must know it.
        """)
      context.console.emit(
        Line(
          store: report.storeID, host: report.host,
          publicKey: configuration.hostPublicKey.string, made: report.made.map(\.string)))
      return .done
    }

    private struct Line: Encodable {
      let event = "initialised"
      let store: String
      let host: String
      let publicKey: String
      let made: [String]
    }
  }
}
