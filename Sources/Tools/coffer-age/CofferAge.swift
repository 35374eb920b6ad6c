import ArgumentParser
import OperatorConsole

/// Files encrypted as age encrypts them.
@main
struct CofferAge: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coffer-age",
    abstract: "Encrypt and decrypt files as age does, on all cores.",
    usage: """
      coffer-age [--encrypt] (-r RECIPIENT | -R FILE | -p)... [-a] [-o OUTPUT] [INPUT]
      coffer-age --decrypt [-i IDENTITY]... [-o OUTPUT] [INPUT]
      coffer-age keygen [--pq] [-o OUTPUT]
      coffer-age keygen -y [-o OUTPUT] [INPUT]
      coffer-age inspect [--json] [INPUT]
      """,
    discussion: """
      INPUT defaults to standard input, OUTPUT to standard output. 'coffer-age help crypt' explains \
      every flag; 'crypt' itself need not be written. Exit codes: docs/exit-codes.md.
      """,
    version: cofferVersion,
    subcommands: [Crypt.self, Keygen.self, Inspect.self],
    defaultSubcommand: Crypt.self)

  static func main() async {
    await CofferTool.main(
      CofferAge.self, called: "coffer-age",
      arguments: AgeArguments.normalised(Array(CommandLine.arguments.dropFirst())))
  }
}
