import ArgumentParser
import OperatorConsole
import Operations
import Repository
import Vocabulary

extension CofferBackup {
  /// Shows what was saved last.
  struct Status: CofferVerb {
    static let configuration = CommandConfiguration(
      abstract: "Show the last snapshot, and check that the store still has it.")

    @OptionGroup var file: ConfigurationOption
    @OptionGroup var output: OutputOptions

    func perform(_ context: ToolContext) throws -> ExitStatus {
      let configuration = try file.load()
      let status = try HostStatus.gather(configuration, by: TPMHostKey())
      let console = context.console
      guard let head = status.head else {
        console.say("no snapshot yet")
        console.emit(Line(status))
        return .done
      }
      console.say("ledger head \(head.sequence.number) \(head.sha256)")
      console.say("a run is \(status.isRunning ? "under way" : "not under way")")
      for (name, saved) in status.lastSuccess.sorted(by: { $0.key < $1.key }) {
        console.say("\(name): last saved \(saved)")
      }
      for name in status.neverSaved { console.say("\(name): never saved") }
      console.emit(Line(status))
      return .done
    }

    private struct Line: Encodable {
      let event = "status"
      let sequence: Int?
      let head: SHA256Digest?
      let running: Bool
      let lastSuccess: [String: Timestamp]
      let neverSaved: [String]

      init(_ status: HostStatus) {
        sequence = status.head?.sequence.number
        head = status.head?.sha256
        running = status.isRunning
        lastSuccess = status.lastSuccess
        neverSaved = status.neverSaved
      }
    }
  }
}
