package import Catalog
package import Repository
package import SystemPackage
package import Vocabulary

/// What a source needs while it is saved.
package struct SavingContext {
  package let source: SourceName
  package let writer: CompartmentWriter
  package let memory: CompartmentMemory
  package let files: FileMemory
  /// How many files the source held when it last held any, by the signed ledger; else 0.
  package let filesBefore: Int
  /// A folder, mode 0700, for copies that must lie on disk; what is left in it is removed.
  package let scratch: FilePath
  package let night: NightNotes
  /// The source that is saved after this one.
  package let next: NextSource
  package let meter: ProgressMeter
  package let interruption: Interruption

  package init(
    source: SourceName, writer: CompartmentWriter, memory: CompartmentMemory, files: FileMemory,
    filesBefore: Int, scratch: FilePath, night: NightNotes, next: NextSource, meter: ProgressMeter,
    interruption: Interruption
  ) {
    self.source = source
    self.writer = writer
    self.memory = memory
    self.files = files
    self.filesBefore = filesBefore
    self.scratch = scratch
    self.night = night
    self.next = next
    self.meter = meter
    self.interruption = interruption
  }
}

/// What sources of one night tell each other: Synapse's rows are reconciled with its media.
package final class NightNotes {
  /// Paths of local media that the dump's snapshot has rows for, relative to the media store.
  package var mediaRows: Set<String>?

  package init() {}
}

/// What became of a source.
package struct SavedSource: Sendable {
  package let content: Content
  /// Bytes that the source holds.
  package let bytes: Int
  package let files: Int
  package let facts: JSONValue
  package let packs: Set<PackHandle>
  /// Parts that could not be saved, each named: the run is then only partly done.
  package let failures: [String]
  /// What an operator should look into, though all that is there was saved.
  package let warnings: [String]
  /// What an operator should know, though nothing failed.
  package let notes: [String]
  /// Media rows of the night's dump that have no file; nil where rows and files were not reconciled.
  package let rowsWithoutFile: Int?

  package init(
    content: Content, bytes: Int, files: Int, facts: JSONValue, packs: Set<PackHandle>,
    failures: [String] = [], warnings: [String] = [], notes: [String] = [],
    rowsWithoutFile: Int? = nil
  ) {
    self.content = content
    self.bytes = bytes
    self.files = files
    self.facts = facts
    self.packs = packs
    self.failures = failures
    self.warnings = warnings
    self.notes = notes
    self.rowsWithoutFile = rowsWithoutFile
  }
}
