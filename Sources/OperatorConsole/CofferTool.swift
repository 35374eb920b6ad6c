package import ArgumentParser
import Dispatch
import Glibc
import Operations
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
package protocol CofferVerb: AsyncParsableCommand {
  var output: OutputOptions { get }

  /// Does the work.
  ///
  /// - Returns: the exit status, everything having been said.
  /// - Throws: `OperatorError`, which is then printed and decides the exit status.
  func perform(_ context: ToolContext) async throws -> ExitStatus
}

/// Options of every verb.
package struct OutputOptions: ParsableArguments {
  @Flag(name: .customLong("json"), help: "Print results as one JSON object a line.")
  package var asJSON = false

  package init() {}
}

extension CofferVerb {
  package mutating func run() async throws {
    preconditionFailure("verbs are run by CofferTool")
  }
}

/// Runs a tool: parses, hardens the process, performs the verb, and turns what came of it into an
/// exit code of the one table.
package enum CofferTool {
  package static func main<Root: ParsableCommand>(_ root: Root.Type, called name: String) async
    -> Never
  {
    // A pipe whose reader left is an error to handle, not a reason to die in the middle of a write.
    signal(SIGPIPE, SIG_IGN)
    ProcessHardening.refuseCoreDumps()
    let verb: any CofferVerb
    do {
      verb = try parse(root)
    } catch {
      exitAfterParsing(error, root, name)
    }
    let status = await perform(verb, called: name)
    exit(status.rawValue)
  }

  /// Reads the command line; whatever is no verb of ours is help, which throws what it has to say.
  private static func parse<Root: ParsableCommand>(_ root: Root.Type) throws -> any CofferVerb {
    var command = try root.parseAsRoot()
    if let verb = command as? any CofferVerb { return verb }
    try command.run()
    throw CleanExit.helpRequest(root)
  }

  private static func perform(_ verb: any CofferVerb, called name: String) async -> ExitStatus {
    let meter = ProgressMeter()
    let console = Console(tool: name, asJSON: verb.output.asJSON, meter: meter)
    let interruption = Interruption()
    let traps = [SIGINT, SIGTERM, SIGHUP].map { trap($0, interruption) }
    defer { for trap in traps { trap.cancel() } }
    let context = ToolContext(console: console, meter: meter, interruption: interruption)
    do {
      let status = try await verb.perform(context)
      console.finish()
      return status
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
      OperatorError("usage", .usage, shown, hint: "'\(name) --help' shows what there is"))
    exit(ExitStatus.usage.rawValue)
  }
}
