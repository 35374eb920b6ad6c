import FileTrees
import Repository
import SecretMemory
import Vocabulary

/// The files of a saved tree, in order, each with a way to its checked content.
struct FileTreeReading {
  private let record: SourceRecord
  private let reader: CompartmentReader
  private let context: RestoringContext

  init(_ record: SourceRecord, _ reader: CompartmentReader, _ context: RestoringContext) {
    self.record = record
    self.reader = reader
    self.context = context
  }

  /// Hands on every record; `content` lends the data of a regular file, holes left out, and throws
  /// at its end where it is not what was saved.
  func eachFile(
    _ take: (FileRecord, _ content: ((RawSpan) throws -> Void) throws -> Void) throws -> Void
  ) throws {
    var parser = FileListParser()
    try reader.stream(record.content) { piece in
      try parser.feed(piece.copied()) { file in
        try take(file) { consume in try deliver(file, consume) }
      }
    }
    try parser.finish()
  }

  private func deliver(_ file: FileRecord, _ consume: (RawSpan) throws -> Void) throws {
    guard let text = file.content, let reference = ContentReference(text),
      let expected = file.sha256
    else {
      throw OperatorError(
        "file-list.malformed", .mismatch, "\(record.name): \(file.path) has no content")
    }
    let extents = file.extents ?? [FileExtent(offset: 0, length: file.size)]
    var position = ExtentPosition(extents)
    var hasher = SHA256Hasher()
    var whole = HoleFillingHasher(file.extents != nil, interruption: context.interruption)
    do {
      try reader.stream(reference) { piece in
        hasher.update(piece)
        try position.place(piece) { try whole.update($0, at: $1) }
        try consume(piece)
        context.meter.advance(bytes: piece.byteCount)
      }
      let ofData = hasher.finish()
      guard (try whole.finish(size: Int(file.size)) ?? ofData) == expected else {
        throw OperatorError("content.mismatch", .mismatch, "its SHA-256 is not what was saved")
      }
      context.meter.advance(bytes: 0, files: 1)
    } catch let error as OperatorError where error.status == .mismatch {
      throw OperatorError(
        error.code, error.status, "\(record.name): \(file.path): \(error.message)",
        hint: error.hint)
    }
  }
}

/// Where in a sparse file the next bytes of its data belong.
private struct ExtentPosition {
  private var extents: ArraySlice<FileExtent>
  private var used: Int64 = 0

  init(_ extents: [FileExtent]) {
    self.extents = extents[...]
  }

  mutating func place(_ piece: RawSpan, _ take: (RawSpan, Int) throws -> Void) throws {
    var start = 0
    while start < piece.byteCount {
      guard let extent = extents.first else {
        throw OperatorError("content.mismatch", .mismatch, "it is longer than was saved")
      }
      let count = min(piece.byteCount - start, Int(extent.length - used))
      try take(piece.extracting(start..<start + count), Int(extent.offset + used))
      start += count
      used += Int64(count)
      if used == extent.length {
        extents = extents.dropFirst()
        used = 0
      }
    }
  }
}
