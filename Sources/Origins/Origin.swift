package import Configuration
package import Repository
package import Vocabulary

/// A kind of thing that can be backed up: saved, restored, and compared after a restore.
///
/// A new kind is one file and one line in `OriginRegistry`.
package protocol Origin: Sendable {
  /// What the configuration may say of this kind.
  static var schema: SourceSchema { get }

  /// Takes a source as the configuration names it.
  init(_ settings: SourceSettings) throws

  /// When in a night this source's turn comes; lower is earlier. Databases before media: a media
  /// file is written before its row, so every row in a dump then has its file.
  var turn: NightTurn { get }

  /// How the configuration says where the source is, without any secret.
  var place: String { get }

  /// Finds out whether the source can be saved, without reading it.
  ///
  /// - Returns: how many bytes there are, roughly, where that is cheap to know.
  func preflight() async throws -> Int?

  /// Begins to read the source while the one before it is stored; most kinds cannot.
  ///
  /// - Returns: what was begun, and must be saved or ended.
  func readAhead() -> (any ReadAhead)?

  /// Reads the source and stores its content.
  ///
  /// - Throws: an error of the source's own; errors of the store pass through.
  func save(with context: SavingContext) async throws -> SavedSource

  /// Understands what an operator typed as the target of one source.
  static func target(_ text: String) async throws -> RestoreTarget

  /// Hands on what the source holds, one thing after the other: files, tables.
  static func list(
    _ record: SourceRecord, reader: CompartmentReader, _ take: (ListedItem) throws -> Void
  ) throws

  /// What of a source was not saved, one line each; most kinds are saved whole or not at all.
  ///
  /// - Throws: `manifest.damaged` where the record's facts cannot be read.
  static func unsaved(_ record: SourceRecord) throws -> [String]

  /// Reads all content and checks it end to end, without restoring it.
  static func verify(
    _ record: SourceRecord, reader: CompartmentReader, context: RestoringContext
  ) throws

  /// Where exactly a source comes to stand that is restored to `target`; most stand at the target.
  ///
  /// - Throws: `restore.wrong-target`, and `manifest.damaged` where the record does not say.
  static func destination(of record: SourceRecord, at target: RestoreTarget) throws -> RestoreTarget

  /// Looks whether a restore to `target` would be refused, and says what it would do.
  static func plan(_ record: SourceRecord, target: RestoreTarget) async throws -> [String]

  /// Restores to a target that `plan` accepted.
  static func restore(
    _ record: SourceRecord, reader: CompartmentReader, target: RestoreTarget,
    context: RestoringContext
  ) async throws -> [Finding]

  /// Compares what stands at a target with what was saved.
  static func compare(
    _ record: SourceRecord, reader: CompartmentReader, target: RestoreTarget,
    context: RestoringContext
  ) async throws -> [Finding]

  /// Changes what must be another on the new host, once everything was compared; most need nothing.
  ///
  /// - Parameters:
  ///   - record: the source.
  ///   - target: where it stands.
  ///   - others: all sources that were restored together.
  /// - Returns: what was changed.
  /// - Throws: what the target refuses.
  static func settle(
    _ record: SourceRecord, target: RestoreTarget, beside others: [SourceRecord]
  ) async throws -> [Finding]
}

extension Origin {
  package func readAhead() -> (any ReadAhead)? { nil }

  package static func unsaved(_ record: SourceRecord) throws -> [String] { [] }

  package static func destination(
    of record: SourceRecord, at target: RestoreTarget
  ) throws -> RestoreTarget { target }

  package static func settle(
    _ record: SourceRecord, target: RestoreTarget, beside others: [SourceRecord]
  ) async throws -> [Finding] { [] }
}

/// What a source needs while it is restored or compared.
package struct RestoringContext: Sendable {
  package let meter: ProgressMeter
  package let interruption: Interruption

  package init(meter: ProgressMeter, interruption: Interruption) {
    self.meter = meter
    self.interruption = interruption
  }
}
