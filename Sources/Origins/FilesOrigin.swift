package import Configuration
import FileTrees
package import Repository
import SystemPackage
import Vocabulary

/// A folder, or one file, with everything in it.
package struct FilesOrigin: Origin {
  package static let schema = SourceSchema(
    kind: "files", required: ["path": .text], optional: ["exclude": .texts],
    profiles: ["plain", mediaProfile])

  static let mediaProfile = "synapse-media"

  /// What a manifest says of a tree beside its list.
  struct Facts: Codable {
    /// What the profile or `exclude` left out, relative to the root.
    let leftOut: [String]
    /// Files that changed each time they were read.
    let torn: Int
    /// Media rows of the same night's dump that have no file; nil where there was no dump.
    let rowsWithoutFile: [String]?
    /// Media files that have no row.
    let filesWithoutRow: Int?
    /// What could not be read; nil where all could.
    let failures: Failures?
  }

  /// What could not be read of a tree: the first of it named, all of it counted.
  struct Failures: Codable {
    private static let mostNamed = 100

    let count: Int
    let named: [String]

    /// Takes what failed, one line each; nil where nothing did.
    init?(_ lines: [String]) {
      guard !lines.isEmpty else { return nil }
      count = lines.count
      named = Array(lines.prefix(Self.mostNamed))
    }
  }

  private let root: FilePath
  private let filter: FileFilter
  private let isMedia: Bool

  package init(_ settings: SourceSettings) throws {
    root = FilePath(settings.text("path"))
    isMedia = settings.profile == Self.mediaProfile
    let excluded = try settings.list("exclude").map { text in
      do {
        return try RelativePath(text)
      } catch {
        throw OperatorError(
          "config.bad-path", .usage,
          "'exclude' of source '\(settings.name)' must name paths below its root, not '\(text)'")
      }
    }
    let own = FileFilter(excluding: excluded)
    filter = isMedia ? own.union(.synapseMedia) : own
  }

  package var turn: NightTurn { isMedia ? .media : .files }

  package var place: String { root.string }

  package func preflight() async throws -> Int? {
    var bytes = 0
    _ = try FileTreeWalk.walk(root, excluding: filter, reporting: { _ in }) { entry in
      if entry.status.kind == .regular { bytes += Int(entry.status.stamp.size) }
    }
    return bytes
  }

  package func save(with context: SavingContext) async throws -> SavedSource {
    var saving = FileTreeSaving(context, checkingRows: isMedia)
    let summary = try FileTreeWalk.walk(
      root, excluding: filter, entering: { try saving.enter($0) },
      leaving: { saving.leave() }, reporting: { saving.note($0) },
      visiting: { try saving.visit($0) })
    return try saving.finish(leftOut: summary.leftOut)
  }

  package static func target(_ text: String) throws -> RestoreTarget { try .path(typed: text) }

  package static func list(
    _ record: SourceRecord, reader: CompartmentReader, _ take: (ListedItem) throws -> Void
  ) throws {
    let context = RestoringContext(meter: ProgressMeter(), interruption: Interruption())
    try FileTreeReading(record, reader, context).eachFile { file in
      let kind =
        switch file.kind {
        case .regular: "file"
        case .directory: "dir"
        case .symbolicLink: "link"
        case .hardLink: "hardlink"
        case .fifo: "fifo"
        }
      try take(
        ListedItem(
          kind: kind, path: "\(file.path)", size: Int(file.size),
          modified: Timestamp(secondsSince1970: Int(file.modified.seconds)).text,
          sha256: file.sha256))
    }
  }

  package static func unsaved(_ record: SourceRecord) throws -> [String] {
    guard let failures = try record.facts(as: Facts.self).failures else { return [] }
    let rest = failures.count - failures.named.count
    return failures.named + (rest > 0 ? ["and \(rest) files more"] : [])
  }

  package static func verify(
    _ record: SourceRecord, reader: CompartmentReader, context: RestoringContext
  ) throws {
    var queue = WorkQueue<Void>(mostWeight: 12 << 20)
    try FileTreeReading(record, reader, context).eachContent { file, content in
      try context.interruption.check()
      switch content {
      case .fetched(let fetched):
        queue.add(weight: Int(file.dataSize)) { try fetched.deliver { _ in } }
        while queue.isFull, try queue.next() != nil {}
      case .streamed(let streamed):
        // What is wrong with an earlier file is said first.
        while try queue.next() != nil {}
        try streamed.deliver { _ in }
      case nil: break
      }
    }
    while try queue.next() != nil {}
  }

  package static func plan(_ record: SourceRecord, target: RestoreTarget) async throws -> [String] {
    let path = try target.requirePath(for: record)
    try FileTreeWriter.checkTarget(path)
    return ["\(record.name): \(record.files) files to \(path)"]
  }

  package static func restore(
    _ record: SourceRecord, reader: CompartmentReader, target: RestoreTarget,
    context: RestoringContext
  ) async throws -> [Finding] {
    let path = try target.requirePath(for: record)
    var writer = try FileTreeWriter(into: path)
    var torn: [String] = []
    try FileTreeReading(record, reader, context).eachContent { file, content in
      try context.interruption.check()
      if file.isTorn { torn.append("\(file.path)") }
      switch content {
      case .fetched(let fetched): try writer.writeBeside(file) { try fetched.deliver($0) }
      case .streamed(let streamed): try writer.write(file) { try streamed.deliver($0) }
      case nil: try writer.write(file) { _ in }
      }
    }
    let report = try writer.finish()
    var findings = [
      Finding(
        .good, "files.restored",
        "\(record.name): \(report.files) files, \(report.folders) folders, \(report.links) links")
    ]
    findings += report.notes.map { Finding(.warning, "files.metadata", "\(record.name): \($0)") }
    findings += torn.map {
      Finding(.warning, "files.torn", "\(record.name): \($0) changed while it was saved")
    }
    return findings
  }

  package static func compare(
    _ record: SourceRecord, reader: CompartmentReader, target: RestoreTarget,
    context: RestoringContext
  ) async throws -> [Finding] {
    let path = try target.requirePath(for: record)
    let leftOut = FileFilter(
      excluding: try record.facts(as: Facts.self).leftOut.compactMap { try? RelativePath($0) })
    var comparison = FileTreeComparison(
      record.name, at: path,
      leftOut: record.profile == mediaProfile ? leftOut.union(.synapseMedia) : leftOut)
    try FileTreeReading(record, reader, context).eachFile { file in
      try context.interruption.check()
      try comparison.compare(file)
    }
    return try comparison.finish()
  }
}
