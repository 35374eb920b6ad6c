import FileTrees
import Repository
import SecretMemory
import Vocabulary

/// The data of a regular file that was saved.
enum SavedContent {
  /// A larger file is streamed: several workers fetch it, and it never lies in memory whole.
  static let mostFetched = 8 << 20

  case fetched(FetchedFile)
  case streamed(StreamedFile)
}

/// A file whose content workers fetch, to be delivered by any thread.
struct FetchedFile: Sendable {
  fileprivate let file: SavedFile
  let content: FetchedContent

  init(file: SavedFile, content: FetchedContent) {
    (self.file, self.content) = (file, content)
  }

  /// Lends the data, holes left out.
  ///
  /// - Throws: at its end, too, where it is not what was saved; and what `consume` throws.
  func deliver(_ consume: (RawSpan) throws -> Void) throws {
    try file.checking {
      if let extents = file.record.extents {
        var whole = SparseDigest(extents, interruption: file.context.interruption)
        try content.read { bytes in
          try whole.update(bytes)
          try consume(bytes)
        }
        try file.compare(whole.finish(size: Int(file.record.size)))
      } else {
        try content.read(expecting: file.record.sha256, consume)
      }
      file.context.meter.advance(bytes: Int(file.record.dataSize), files: 1)
    }
  }
}

/// A file whose content comes piece by piece, with workers a little ahead.
struct StreamedFile {
  private let file: SavedFile
  private let cursor: ContentCursor

  init(file: SavedFile, cursor: ContentCursor) {
    (self.file, self.cursor) = (file, cursor)
  }

  /// Lends the data, holes left out.
  ///
  /// - Throws: at its end, too, where it is not what was saved; and what `consume` throws.
  func deliver(_ consume: (RawSpan) throws -> Void) throws {
    var cursor = cursor
    try file.checking {
      if let extents = file.record.extents {
        var whole = SparseDigest(extents, interruption: file.context.interruption)
        while let run = try cursor.next() {
          try run.bytes.withBytes { bytes in
            try whole.update(bytes)
            try consume(bytes)
          }
          file.context.meter.advance(bytes: run.bytes.count)
        }
        try file.compare(whole.finish(size: Int(file.record.size)))
      } else {
        let digest = ConcurrentDigest()
        while let run = try cursor.next() {
          digest.update(run)
          try run.bytes.withBytes(consume)
          file.context.meter.advance(bytes: run.bytes.count)
        }
        try file.compare(digest.finish())
      }
      file.context.meter.advance(bytes: 0, files: 1)
    }
  }
}

/// What a file's content is held against, and how its damage is said.
struct SavedFile: Sendable {
  fileprivate let record: FileRecord
  fileprivate let context: RestoringContext
  private let source: SourceName

  init(_ record: FileRecord, of source: SourceName, _ context: RestoringContext) {
    (self.record, self.source, self.context) = (record, source, context)
  }

  fileprivate func compare(_ digest: SHA256Digest?) throws {
    guard let digest, digest == record.sha256 else {
      throw OperatorError("content.mismatch", .mismatch, "its SHA-256 is not what was saved")
    }
  }

  /// Names the file where its content is not right.
  fileprivate func checking(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as OperatorError where error.status == .mismatch {
      throw error.at("\(source): \(record.path)")
    }
  }
}

/// SHA-256 of a file with holes, fed with its data alone.
private struct SparseDigest: ~Copyable {
  private var extents: ArraySlice<FileExtent>
  /// Bytes of the first of them that were hashed.
  private var used: Int64 = 0
  private var hasher: HoleFillingHasher

  init(_ extents: [FileExtent], interruption: Interruption) {
    self.extents = extents[...]
    hasher = HoleFillingHasher(true, interruption: interruption)
  }

  mutating func update(_ piece: RawSpan) throws {
    var start = 0
    while start < piece.byteCount {
      guard let extent = extents.first else {
        throw OperatorError("content.mismatch", .mismatch, "it is longer than was saved")
      }
      let count = min(piece.byteCount - start, Int(extent.length - used))
      try hasher.update(
        piece.extracting(start..<start + count), at: Int(extent.offset + used))
      start += count
      used += Int64(count)
      if used == extent.length {
        extents = extents.dropFirst()
        used = 0
      }
    }
  }

  consuming func finish(size: Int) throws -> SHA256Digest? {
    try hasher.finish(size: size)
  }
}
