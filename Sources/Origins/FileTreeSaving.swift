import Catalog
import FileTrees
import Repository
import SecretMemory
import Vocabulary

/// A walk's visitor: stores what is new, and repeats the line of what is unchanged.
struct FileTreeSaving: ~Copyable {
  private static let listPiece = 256 * 1024
  /// One row in so many may have lost its file between dump and walk, and nobody need look.
  private static let fewRows = 100

  private let context: SavingContext
  private let checksRows: Bool
  private var rows: Set<String>
  private let rowCount: Int
  private let hadRows: Bool

  private var list: ContentStream
  private var lines = FileListWriter()
  private var text: [UInt8] = []
  private var waiting = WaitingLines()
  private var known: KnownFiles
  /// The folders on the way down, the innermost last.
  private var folders: [KnownFolder] = []
  private var gone: [(folder: [UInt8], names: [[UInt8]])] = []

  private var packs: Set<PackHandle> = []
  private var bytes = 0
  private var files = 0
  private var torn = 0
  private var filesWithoutRow = 0
  private var failures: [String] = []
  private var notes: [String] = []

  init(_ context: SavingContext, checkingRows: Bool) {
    self.context = context
    checksRows = checkingRows
    rows = checkingRows ? context.night.mediaRows ?? [] : []
    rowCount = rows.count
    hadRows = checkingRows && context.night.mediaRows != nil
    known = context.files.knownFiles()
    list = context.writer.begin(.fine)
  }

  /// Looks a whole folder up in the catalog, and notes what is gone.
  mutating func enter(_ listing: DirectoryListing) throws {
    let path = listing.path.bytes
    let folder = try known.files(in: path)
    let missing = folder.names(missingIn: listing.entries.lazy.map(\.name))
    if !missing.isEmpty { gone.append((path, missing)) }
    folders.append(folder)
  }

  /// Takes leave of the folder that was entered last.
  mutating func leave() {
    folders.removeLast()
  }

  mutating func note(_ problem: FileProblem) {
    if problem.isHarmless { notes.append("\(problem)") } else { failures.append("\(problem)") }
  }

  mutating func visit(_ entry: borrowing FoundEntry) throws {
    try context.interruption.check()
    guard entry.status.kind == .regular, entry.firstLink == nil else {
      try waiting.append(.known(line(of: entry.record())))
      return try takeLines()
    }
    let stamp = entry.status.stamp.catalogBytes
    if let line = folders[folders.count - 1].file(named: entry.path.lastComponent),
      line.stamp == stamp
    {
      waiting.append(.known(line.line))
      packs.formUnion(line.packs)
    } else {
      try store(entry)
    }
    bytes += Int(entry.status.stamp.size)
    files += 1
    context.meter.advance(bytes: Int(entry.status.stamp.size), files: 1)
    if hadRows { checkRow(entry.path) }
    try takeLines()
  }

  /// Ends the list.
  consuming func finish(leftOut: [RelativePath]) throws -> SavedSource {
    while let item = waiting.oldest { try take(item) }
    lines.finish(to: &text)
    try flushList(atLeast: 1)
    if let absence {
      // What was saved of it before stays known, and stays in the snapshot's set of packs.
      failures.append(absence)
      packs.formUnion(try context.files.packs())
    } else {
      try forgetWhatIsGone()
    }
    var warnings: [String] = []
    if !rows.isEmpty, rows.count < rowCount {
      let text =
        "\(rows.count) of \(rowCount) media rows of the dump have no file, \(rows.min() ?? "") for one"
      if rows.count * Self.fewRows > rowCount { warnings.append(text) } else { notes.append(text) }
    }
    if !leftOut.isEmpty {
      notes.append("left out: \(leftOut.map { "\($0)" }.joined(separator: ", "))")
    }
    let facts = FilesOrigin.Facts(
      leftOut: leftOut.map { "\($0)" }, torn: torn,
      rowsWithoutFile: hadRows ? Array(rows.sorted().prefix(100)) : nil,
      filesWithoutRow: hadRows ? filesWithoutRow : nil, failures: FilesOrigin.Failures(failures))
    let (bytes, files, failures, notes) = (bytes, files, failures, notes)
    let rowsWithoutFile = hadRows ? rows.count : nil
    let dataPacks = packs
    let stored = try list.finish()
    return SavedSource(
      content: stored.content, bytes: bytes, files: files, facts: try JSONDocument.value(of: facts),
      packs: dataPacks.union(stored.packs), failures: failures, warnings: warnings, notes: notes,
      rowsWithoutFile: rowsWithoutFile)
  }

  /// Why the tree looks as one does whose volume is not mounted, or nil where it does not.
  private var absence: String? {
    if files == 0, context.filesBefore > 0 {
      return
        "no file is there, where \(context.filesBefore) were saved before: is its volume mounted? "
        + "(If it is empty on purpose, put a file into it.)"
    }
    guard rowCount > 0, rows.count == rowCount else { return nil }
    return "none of the dump's \(rowCount) media rows has its file here: is its volume mounted?"
  }

  private mutating func forgetWhatIsGone() throws {
    for (folder, names) in gone { try context.files.forget(names, in: folder) }
    try context.files.forget(folders: known.foldersNotAskedFor())
  }

  /// Takes lines whose files are stored, and waits for some where too many are not.
  private mutating func takeLines() throws {
    while let item = waiting.due { try take(item) }
    try flushList(atLeast: Self.listPiece)
  }

  private mutating func take(_ item: WaitingLines.Item) throws {
    waiting.removeOldest()
    switch item {
    case .known(let line):
      lines.finish(to: &text)
      text.append(contentsOf: line)
    case .file(var file):
      let stored = try context.writer.settle(file.content)
      file.record.sha256 = file.record.sha256 ?? stored.content.sha256
      file.record.content = stored.content.reference.text
      packs.formUnion(stored.packs)
      let line = line(of: file.record)
      text.append(contentsOf: line)
      guard let stamp = file.stamp else { return }
      let path = file.record.path
      context.memory.remember(
        FileMemory.Line(
          source: context.source, folder: path.parent?.bytes ?? [], name: path.name, stamp: stamp,
          line: line, packs: stored.packs.sorted()))
    }
  }

  /// The header goes before the first line, and belongs to none.
  private mutating func line(of record: FileRecord) -> [UInt8] {
    lines.finish(to: &text)
    var line: [UInt8] = []
    lines.append(record, to: &line)
    return line
  }

  private mutating func flushList(atLeast size: Int) throws {
    guard text.count >= size else { return }
    try text.withBytes { try list.write($0) }
    text.removeAll(keepingCapacity: true)
  }

  /// Reads a file, twice where it changed meanwhile; what changes again is kept and marked torn.
  private mutating func store(_ entry: borrowing FoundEntry) throws {
    var (file, isStable) = try read(entry)
    if !isStable {
      (file, isStable) = try read(entry)
      if isStable {
        notes.append("\(entry.path): changed while it was read, and was read again")
      } else {
        failures.append("\(entry.path): changed each time it was read; kept, marked as torn")
        torn += 1
      }
    }
    waiting.append(.file(file))
  }

  private mutating func read(
    _ entry: borrowing FoundEntry
  ) throws -> (WaitingLines.File, isStable: Bool) {
    let reader = try entry.open()
    var record = try reader.record()
    var stream = context.writer.begin(.forFile(of: record.size))
    var whole = HoleFillingHasher(reader.extents != nil, interruption: context.interruption)
    let reading = try reader.read { offset, piece in
      try piece.withBytes { try whole.update($0, at: Int(offset)) }
      try stream.write(piece)
    }
    record.adopt(reading)
    record.sha256 = try whole.finish(size: Int(reading.size))
    let isStable = reading.outcome == .stable
    let file = WaitingLines.File(
      record: record, stamp: isStable ? reader.status.stamp.catalogBytes : nil,
      content: try stream.finishLater())
    return (file, isStable)
  }

  private mutating func checkRow(_ path: RelativePath) {
    let text = String(decoding: path.bytes, as: UTF8.self)
    guard text.hasPrefix("local_content/") else { return }
    if rows.remove(text) == nil { filesWithoutRow += 1 }
  }
}

extension FileStamp {
  /// What must be equal for a file to count as unchanged: size, times and inode.
  ///
  /// The device is left out, for numbers of device-mapper volumes change at a reboot.
  var catalogBytes: [UInt8] {
    let words = [
      size, modified.seconds, Int64(modified.nanoseconds), changed.seconds,
      Int64(changed.nanoseconds), Int64(bitPattern: inode),
    ]
    return unsafe [UInt8](unsafeUninitializedCapacity: words.count * 8) { room, count in
      for (number, word) in words.enumerated() {
        unsafe UnsafeMutableRawBufferPointer(room).storeBytes(
          of: word.littleEndian, toByteOffset: number * 8, as: Int64.self)
      }
      count = words.count * 8
    }
  }
}
