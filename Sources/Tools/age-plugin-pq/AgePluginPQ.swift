import AgePlugins
import ArgumentParser
import FileEncryption
import Glibc
import OperatorConsole
import Recipients
import SecretMemory
import Vocabulary

/// Lets an age without post-quantum keys use them.
@main
struct AgePluginPQ: ToolVerb {
  static let configuration = CommandConfiguration(
    commandName: "age-plugin-pq",
    abstract: "Lets an age before 1.3 use post-quantum recipients and identities.",
    discussion: """
      Put this program on the search path: age starts it for recipients that begin with age1pq1 and \
      for identities that begin with AGE-PLUGIN-PQ-1. 'coffer-age keygen --pq' writes both forms of \
      an identity; --identity turns one into the other.
      """,
    version: cofferVersion)

  /// What age asks of a plugin.
  enum Mode: String, ExpressibleByArgument {
    case recipient = "recipient-v1"
    case identity = "identity-v1"
  }

  @Option(help: ArgumentHelp("Speak age's plugin protocol; for age itself.", visibility: .hidden))
  var agePlugin: Mode?

  @Flag(help: "Read AGE-SECRET-KEY-PQ-1… identities and write them as AGE-PLUGIN-PQ-1….")
  var identity = false

  @Option(name: [.short, .long], help: "Write to this new file.", completion: .file())
  var output: String?

  @Argument(help: "With --identity: the file to read; standard input if none.", completion: .file())
  var input: String?

  var asJSON: Bool { false }

  func validate() throws {
    guard agePlugin != nil || identity else {
      throw ValidationError("age starts this program; by hand, use --identity")
    }
  }

  static func main() async {
    let arguments = CommandLine.arguments.dropFirst().map { $0 == "-identity" ? "--identity" : $0 }
    await CofferTool.main(AgePluginPQ.self, called: "age-plugin-pq", arguments: arguments)
  }

  func perform(_ context: ToolContext) async throws -> ExitStatus {
    let channel = PluginChannel(readingFrom: STDIN_FILENO, writingTo: STDOUT_FILENO)
    let server = PluginServer(channel) {
      try HybridRecipient(parsing: $0)
    } identities: {
      try HybridIdentity(parsingPluginForm: $0)
    }
    switch agePlugin {
    case .recipient: try server.wrap()
    case .identity: try server.unwrap()
    case nil: try KeyFiles.write(KeyFiles.pluginForms(of: input ?? "-"), to: output)
    }
    return .done
  }
}
