import ArgumentParser
import OperatorConsole
import Operations
import Origins
import Repository
import Vocabulary

extension CofferRestore {
  /// Lists what a snapshot holds.
  struct Files: CofferVerb {
    static let configuration = CommandConfiguration(
      abstract: "List what a snapshot holds: its sources, or the files or tables of one.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var identities: IdentityOptions
    @OptionGroup var choice: SnapshotOption
    @OptionGroup var output: OutputOptions

    @Option(help: "List the files of this source.")
    var source: String?

    func perform(_ context: ToolContext) throws -> ExitStatus {
      let view = try store.open()
      let names = try source.map { [try SourceName.parse($0)] } ?? []
      let verified = try view.entry(.init(choice.snapshot ?? "latest"), holding: names)
      let snapshot = try view.open(verified, with: identities.load())
      guard let name = names.first else {
        for (record, _) in snapshot.sources {
          context.console.say(
            "\(record.name)  \(record.kind)\(record.profile.map { "/\($0)" } ?? "")  "
              + "\(record.files) files, \(ByteText(record.bytes)), from \(record.origin)")
          context.console.emit(SourceLine(record))
        }
        for compartment in snapshot.sealed { context.console.warn("sealed: \(compartment)") }
        return .done
      }
      let (record, reader) = try snapshot.source(name)
      try OriginRegistry.kind(record.kind).list(record, reader: reader) { file in
        try context.interruption.check()
        let amount = file.rows.map { "\($0) rows" } ?? "\(file.size)"
        context.console.say("\(file.kind)  \(amount)  \(file.modified ?? "-")  \(file.path)")
        context.console.emit(file)
      }
      return .done
    }

    private struct SourceLine: Encodable {
      let event = "source"
      let source: SourceName
      let kind: String
      let profile: String?
      let origin: String
      let saved: Timestamp
      let bytes: Int
      let files: Int
      let sha256: SHA256Digest

      init(_ record: SourceRecord) {
        (source, kind, profile) = (record.name, record.kind, record.profile)
        (origin, saved, bytes) = (record.origin, record.saved, record.bytes)
        (files, sha256) = (record.files, record.content.sha256)
      }
    }
  }
}

extension SourceName {
  /// Reads a source's name from the command line.
  static func parse(_ text: String) throws -> SourceName {
    guard let name = SourceName(text) else {
      throw OperatorError("usage", .usage, "'\(text)' is no name of a source")
    }
    return name
  }
}
