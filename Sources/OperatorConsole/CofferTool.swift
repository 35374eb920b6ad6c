package import ArgumentParser
import Dispatch
import Glibc
import SecretMemory
package import Vocabulary

/// The version all tools print.
package let cofferVersion = "0.1.0"

/// What every verb is handed: a voice, a meter, and a way to be stopped.
package struct ToolContext: Sendable {
  package let console: Console
  package let meter: ProgressMeter
  package let interruption: Interruption
}

/// A verb of a Coffer tool.
package protocol ToolVerb: AsyncParsableCommand {
  /// Whether results are wanted as JSON.
  var asJSON: Bool { get }

  /// Does the work.
  ///
  /// - Returns: the exit status, everything having been said.
  /// - Throws: `OperatorError`, which is then printed and decides the exit status.
  func perform(_ context: ToolContext) async throws -> ExitStatus
}

/// A verb that has results to tell, as text or as JSON.
package protocol CofferVerb: ToolVerb {
  var output: OutputOptions { get }
}

extension CofferVerb {
  package var asJSON: Bool { output.asJSON }
}

/// Options of every verb that tells results.
package struct OutputOptions: ParsableArguments {
  @Flag(name: .customLong("json"), help: "Print results as one JSON object a line.")
  package var asJSON = false

  package init() {}
}

extension ToolVerb {
  package mutating func run() async throws {
    preconditionFailure("verbs are run by CofferTool")
  }
}

/// Runs a tool: parses, hardens the process, performs the verb, and turns what came of it into an
/// exit code of the one table.
package enum CofferTool {
  /// Runs the verb that the command line asks for.
  ///
  /// - Parameters:
  ///   - root: what the command line is read by.
  ///   - name: the program's name.
  ///   - arguments: the command line; the process's own if nil.
  package static func main<Root: ParsableCommand>(
    _ root: Root.Type, called name: String, arguments: [String]? = nil
  ) async -> Never {
    // A pipe whose reader left is an error to handle, not a reason to die in the middle of a write.
    signal(SIGPIPE, SIG_IGN)
    ProcessHardening.refuseCoreDumps()
    openStandardDescriptors()
    let verb: any ToolVerb
    do {
      verb = try parse(root, arguments)
    } catch {
      exitAfterParsing(error, root, name)
    }
    let status = await perform(verb, called: name)
    exit(status.rawValue)
  }

  /// Gives what is closed of the first three descriptors to nobody: else the next file that is opened has its
  /// number, and what is said goes there.
  private static func openStandardDescriptors() {
    for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) == -1 {
      _ = unsafe open("/dev/null", O_RDWR)
    }
  }

  /// Reads the command line; whatever is no verb of ours is help, which throws what it has to say.
  private static func parse<Root: ParsableCommand>(
    _ root: Root.Type, _ arguments: [String]?
  ) throws -> any ToolVerb {
    var command = try root.parseAsRoot(arguments)
    if let verb = command as? any ToolVerb { return verb }
    try command.run()
    throw CleanExit.helpRequest(root)
  }

  private static func perform(_ verb: any ToolVerb, called name: String) async -> ExitStatus {
    let meter = ProgressMeter()
    let console = Console(tool: name, asJSON: verb.asJSON, meter: meter)
    let interruption = Interruption()
    let traps = [SIGINT, SIGTERM, SIGHUP].map { trap($0, interruption) }
    defer { for trap in traps { trap.cancel() } }
    let context = ToolContext(console: console, meter: meter, interruption: interruption)
    do {
      let status = try await verb.perform(context)
      console.finish()
      guard let loss = console.lostResults else { return status }
      console.report(loss)
      return status == .done ? loss.status : status
    } catch {
      console.finish()
      let problem = operatorError(for: error)
      console.report(problem)
      return problem.status
    }
  }

  private static func operatorError(for error: any Error) -> OperatorError {
    if let error = error as? OperatorError { return error }
    if error is CancellationError {
      return OperatorError("interrupted", .interrupted, "interrupted")
    }
    return OperatorError("unexpected", .failed, "\(error)")
  }

  /// Asks the work to stop; a second signal ends the process at once.
  private static func trap(
    _ number: Int32, _ interruption: Interruption
  ) -> any DispatchSourceSignal {
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
    source.setEventHandler {
      interruption.request()
      signal(number, SIG_DFL)
    }
    source.resume()
    return source
  }

  /// argument-parser's own exit code for wrong usage is 64; ours is 2 everywhere.
  private static func exitAfterParsing<Root: ParsableCommand>(
    _ error: any Error, _ root: Root.Type, _ name: String
  ) -> Never {
    let text = root.fullMessage(for: error)
    guard root.exitCode(for: error) != .success else {
      write(text + "\n", to: STDOUT_FILENO)
      exit(ExitStatus.done.rawValue)
    }
    let message = root.message(for: error)
    let shown =
      message.first?.isUppercase == true && message.dropFirst().first?.isLowercase == true
      ? message.prefix(1).lowercased() + message.dropFirst() : message
    // The flags could not be read, but who asked for JSON reads nothing else.
    let asJSON = CommandLine.arguments.contains("--json")
    Console(tool: name, asJSON: asJSON, meter: ProgressMeter()).report(
      OperatorError(
        "usage", .usage, shown, hint: "'\(called(root, name)) --help' shows what there is"))
    exit(ExitStatus.usage.rawValue)
  }

  /// The command that the arguments name, as somebody types it.
  private static func called(_ root: any ParsableCommand.Type, _ name: String) -> String {
    var (words, command) = ([name], root)
    for argument in CommandLine.arguments.dropFirst() {
      guard
        let next = command.configuration.subcommands.first(where: { $0._commandName == argument })
      else { break }
      (words, command) = (words + [argument], next)
    }
    return words.joined(separator: " ")
  }
}
