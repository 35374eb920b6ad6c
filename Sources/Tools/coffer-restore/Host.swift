import ArgumentParser
import Configuration
import LocalFiles
import OperatorConsole
import RunNarration
import Operations
import Origins
import Repository
import SystemPackage
import Vocabulary

extension CofferRestore {
  /// Restores a whole deployment.
  struct Host: CofferVerb {
    static let configuration = CommandConfiguration(
      abstract: "Restore a whole deployment onto a new host.",
      discussion: """
        The map names each source's target; what it does not name is not restored, and is listed. \
        Everything is planned before anything is written: a target that is not empty stops it all.
        """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var identities: IdentityOptions
    @OptionGroup var choice: SnapshotOption
    @OptionGroup var output: OutputOptions

    @Option(name: .customLong("map"), help: "The map file.", completion: .file())
    var map: String

    @Flag(help: "Show what would be done, and do nothing.")
    var dryRun = false

    func perform(_ context: ToolContext) async throws -> ExitStatus {
      let targets = try MapFile.read(map)
      let view = try store.open()
      let choice = StoreView.Choice(choice.snapshot ?? "latest")
      let sources = targets.map(\.source)
      let verified = try view.entry(choice, holding: sources)
      if let text = view.passedOver(for: verified, choice, holding: sources) {
        context.console.warn(text)
      }
      let snapshot = try view.open(verified, with: identities.load())
      for compartment in snapshot.sealed { context.console.warn("sealed: \(compartment)") }
      let restore = try await RestoreRun(snapshot, targets)
      let conduct = RestoreConduct(restore, context)
      conduct.showPlan()
      for name in restore.leftOut { context.console.say("not restored: \(name)") }
      guard !dryRun else { return .done }
      try await conduct.carryOut()
      try await restore.settle(listener: context.console)
      context.console.say(StartOrder.text)
      return .done
    }
  }
}

/// The map file of `host` and `verify`.
enum MapFile {
  /// Reads it as targets.
  static func read(_ path: String) throws -> [(source: SourceName, target: RestoreTarget)] {
    let text: String
    do {
      text = String(decoding: try LocalPath(FilePath(path)).read(), as: UTF8.self)
    } catch {
      throw OperatorError("config.unreadable", .usage, "cannot read the map \(path): \(error)")
    }
    let map = try RestoreMap(yaml: text, file: path)
    return try map.targets.map { source, target in
      switch target {
      case .path(let path): return (source, .path(FilePath(path)))
      case .database(let conninfo, let create, let owner):
        do {
          try PostgresOrigin.checkConninfo(conninfo)
        } catch let error as OperatorError {
          throw error.at(map.places[source] ?? path)
        }
        return (source, .database(conninfo: conninfo, create: create, owner: owner))
      }
    }
  }
}

/// In which order a restored deployment is started.
enum StartOrder {
  static let text = """
    Next, in this order:
      1. Set the passwords of roles that were made, or let them in by peer authentication.
      2. Adapt homeserver.yaml where this host differs (database, paths, listeners). Not server_name.
      3. Start Synapse, and look for 'IncorrectDatabaseSetup' in its log.
      4. Start Pantalaimon and the bridges, one by one; never while the old host still runs them.
      5. Start the reverse proxy last: now people come back.
    """
}
