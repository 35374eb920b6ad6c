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
  func eachFile(_ take: (FileRecord) throws -> Void) throws {
    var parser = FileListParser()
    try reader.stream(record.content) { try parser.feed($0.copied(), take) }
    try parser.finish()
  }

  /// Hands on every record, with the content of a regular file, while workers fetch that of the next ones.
  func eachContent(_ take: (FileRecord, SavedContent?) throws -> Void) throws {
    var ahead = FilesAhead()
    try eachFile { file in
      ahead.append(file, try content(of: file))
      while ahead.isFull, let (file, content) = ahead.removeOldest() { try take(file, content) }
    }
    while let (file, content) = ahead.removeOldest() { try take(file, content) }
  }

  private func content(of file: FileRecord) throws -> SavedContent? {
    guard file.kind == .regular else { return nil }
    guard let text = file.content, let reference = ContentReference(text) else {
      throw OperatorError(
        "file-list.malformed", .mismatch, "\(record.name): \(file.path) has no content")
    }
    let saved = SavedFile(file, of: record.name, context)
    if file.dataSize <= SavedContent.mostFetched {
      return .fetched(FetchedFile(file: saved, content: try reader.fetch(reference)))
    }
    var cursor = reader.cursor(reference)
    try cursor.readAhead()
    return .streamed(StreamedFile(file: saved, cursor: cursor))
  }
}

/// Files whose content is being fetched, in the order of the list.
private struct FilesAhead {
  private static let mostFiles = 512
  private static let mostBytes = 12 << 20

  private typealias Entry = (file: FileRecord, content: SavedContent?, weight: Int)

  private var files: [Entry] = []
  private var first = 0
  private var bytes = 0
  /// Neighbours mostly lie in one frame, which counts once.
  private var lastFrame: UInt32?

  var isFull: Bool { files.count - first > Self.mostFiles || bytes > Self.mostBytes }

  mutating func append(_ file: FileRecord, _ content: SavedContent?) {
    let weight = weight(content)
    files.append((file, content, weight))
    bytes += weight
  }

  mutating func removeOldest() -> (FileRecord, SavedContent?)? {
    guard first < files.count else { return nil }
    let oldest = files[first]
    first += 1
    bytes -= oldest.weight
    if first * 2 > files.count {
      files.removeFirst(first)
      first = 0
    }
    return (oldest.file, oldest.content)
  }

  private mutating func weight(_ content: SavedContent?) -> Int {
    switch content {
    case nil: return 0
    // A cursor fetches no more than this.
    case .streamed: return Self.mostBytes
    case .fetched(let fetched):
      var weight = 0
      for frame in fetched.content.frames where frame.number != lastFrame {
        weight += frame.byteCount
        lastFrame = frame.number
      }
      return weight
    }
  }
}
