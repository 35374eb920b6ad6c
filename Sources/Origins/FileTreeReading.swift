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

  /// Hands on every record.
  ///
  /// `content` lends the data of a regular file, holes left out, and throws at its end where it is not
  /// what was saved. Where that of all files will be asked for, `readingAhead` has workers fetch the
  /// next ones.
  func eachFile(
    readingAhead: Bool = false,
    _ take: (FileRecord, _ content: ((RawSpan) throws -> Void) throws -> Void) throws -> Void
  ) throws {
    var ahead = FilesAhead()
    func deliverOldest() throws {
      guard let (file, cursor) = ahead.removeOldest() else { return }
      try take(file) { consume in try deliver(file, cursor ?? self.cursor(of: file), consume) }
    }
    var parser = FileListParser()
    try reader.stream(record.content) { piece in
      try parser.feed(piece.copied()) { file in
        var cursor = readingAhead && file.content != nil ? try cursor(of: file) : nil
        try cursor?.readAhead()
        ahead.append(file, cursor)
        while !readingAhead && !ahead.isEmpty || ahead.isFull { try deliverOldest() }
      }
    }
    try parser.finish()
    while !ahead.isEmpty { try deliverOldest() }
  }

  private func cursor(of file: FileRecord) throws -> ContentCursor {
    guard let text = file.content, let reference = ContentReference(text) else {
      throw OperatorError(
        "file-list.malformed", .mismatch, "\(record.name): \(file.path) has no content")
    }
    return reader.cursor(reference)
  }

  private func deliver(
    _ file: FileRecord, _ cursor: ContentCursor, _ consume: (RawSpan) throws -> Void
  ) throws {
    let extents = file.extents ?? [FileExtent(offset: 0, length: file.size)]
    var cursor = cursor
    var position = ExtentPosition(extents)
    let digest = file.extents == nil ? ConcurrentDigest() : nil
    var whole = HoleFillingHasher(file.extents != nil, interruption: context.interruption)
    do {
      while let run = try cursor.next() {
        digest?.update(run)
        try run.bytes.withBytes { piece in
          try position.place(piece) { try whole.update($0, at: $1) }
          try consume(piece)
        }
        context.meter.advance(bytes: run.bytes.count)
      }
      let ofHoles = try whole.finish(size: Int(file.size))
      guard let found = ofHoles ?? digest?.finish(), found == file.sha256 else {
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

/// Files whose content is being fetched, in the order of the list.
private struct FilesAhead {
  private static let mostFiles = 512
  private static let mostBytes: Int64 = 12 << 20

  private var files: [(FileRecord, ContentCursor?)] = []
  private var first = 0
  private var bytes: Int64 = 0

  var isEmpty: Bool { first == files.count }
  var isFull: Bool { files.count - first > Self.mostFiles || bytes > Self.mostBytes }

  mutating func append(_ file: FileRecord, _ cursor: ContentCursor?) {
    files.append((file, cursor))
    bytes += Self.weight(file)
  }

  mutating func removeOldest() -> (FileRecord, ContentCursor?)? {
    guard !isEmpty else { return nil }
    let oldest = files[first]
    first += 1
    bytes -= Self.weight(oldest.0)
    if first * 2 > files.count {
      files.removeFirst(first)
      first = 0
    }
    return oldest
  }

  /// A cursor fetches no more than this of a large file.
  private static func weight(_ file: FileRecord) -> Int64 { min(file.size, mostBytes) }
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
