import ArgumentParser
import OperatorConsole
import Operations
import Origins
import Repository
import SystemPackage
import Vocabulary

extension CofferRestore {
  /// Restores one source.
  struct Run: CofferVerb {
    static let configuration = CommandConfiguration(
      abstract: "Restore one source.",
      discussion: """
        Files go to a new or empty folder. An SQLite file goes into a folder under its own name, or \
        to a path with its extension. A database goes to a connection string (host=… dbname=…): into \
        an empty database, or into a new one where none has that name.
        """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var identities: IdentityOptions
    @OptionGroup var choice: SnapshotOption
    @OptionGroup var output: OutputOptions

    @Option(help: "The source to restore.")
    var source: String

    @Option(help: "A folder, a path, or a connection string.")
    var target: String

    @Flag(help: "Show what would be done, and do nothing.")
    var dryRun = false

    func perform(_ context: ToolContext) async throws -> ExitStatus {
      let view = try store.open()
      let name = try SourceName.parse(source)
      let choice = StoreView.Choice(choice.snapshot ?? "latest")
      let verified = try view.entry(choice, holding: [name])
      if let text = view.passedOver(for: verified, choice, holding: [name]) {
        context.console.warn(text)
      }
      let snapshot = try view.open(verified, with: identities.load())
      let (record, _) = try snapshot.source(name)
      let target = try await OriginRegistry.kind(record.kind).target(target)
      let restore = try await RestoreRun(snapshot, [(name, target)])
      let conduct = RestoreConduct(restore, context)
      conduct.showPlan()
      if !dryRun { try await conduct.carryOut() }
      return .done
    }
  }
}
