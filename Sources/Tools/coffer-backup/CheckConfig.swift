import ArgumentParser
import OperatorConsole
import RunNarration
import Operations
import Vocabulary

extension CofferBackup {
  /// Looks at configuration, keys and sources.
  struct CheckConfig: CofferVerb {
    static let configuration = CommandConfiguration(
      commandName: "check-config",
      abstract: "Check the configuration, the keys, and that every source can be reached.")

    @OptionGroup var file: ConfigurationOption
    @OptionGroup var output: OutputOptions

    func perform(_ context: ToolContext) async throws -> ExitStatus {
      let rehearsal = try Rehearsal(try file.load(), only: [], by: TPMHostKey())
      return await rehearsal.run(context.console) ? .done : .partly
    }
  }
}
