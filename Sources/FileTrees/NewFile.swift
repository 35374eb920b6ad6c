internal import SystemPackage
internal import Vocabulary

/// A regular file that has its place in a tree and not yet its content; any thread may write it.
struct NewFile: Sendable {
  let record: FileRecord
  let folder: OpenFolder
  /// No other file bears it, nor does any in the list.
  let temporaryName: [UInt8]
  let metadata: MetadataRestorer

  /// Writes content and metadata, and gives the file its name.
  /// - Returns: what was put back.
  /// - Throws: as `FileTreeWriter.write`; nothing of the file is left then.
  func write(_ content: (_ consume: (RawSpan) throws -> Void) throws -> Void) throws
    -> RestoreReport
  {
    try Self.reporting(record.path) {
      let file = try folder.handle.makeFile(temporaryName)
      do {
        var report = RestoreReport()
        var filling = RestoredContent(record, file.number)
        try content { try filling.write($0) }
        try filling.finish()
        metadata.apply(record, to: file, &report)
        try folder.handle.rename(temporaryName, to: record.path.name)
        report.files += 1
        report.bytes += filling.written
        return report
      } catch {
        try? folder.handle.remove(temporaryName)
        throw error
      }
    }
  }

  /// Puts an `Errno` into an operator's words.
  static func reporting<Result>(_ path: RelativePath, _ body: () throws -> Result) throws -> Result
  {
    do {
      return try body()
    } catch Errno.fileExists {
      throw OperatorError(
        "restore.exists", .refused,
        "\(path) is already there, and was not made by this restore",
        hint: "someone else writes into the target; restore into a folder of your own")
    } catch let error as Errno {
      throw OperatorError("restore.write-failed", .failed, "cannot write \(path): \(error)")
    }
  }
}
