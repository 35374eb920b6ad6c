import ArgumentParser

/// What concerns the custody record.
struct RecordCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record",
    abstract: "Read and check the record of what was done to keys.",
    subcommands: [RecordList.self, RecordVerify.self])
}
