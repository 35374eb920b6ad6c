internal import SecretMemory
internal import Vocabulary

/// Takes figures of every table and sequence out of pg_dump's custom format while the stream passes
/// by.
///
/// It knows archive versions 1.14 (PostgreSQL 12 to 15), 1.15 (16) and 1.16 (17 and later), without
/// compression. It never disturbs the stream: what it cannot follow it stops following, and says so
/// in `finish`. It holds the part of the table of contents not yet read and one row, not more.
package struct DumpArchiveObserver: Sendable {
  private enum State {
    case header
    case entries(left: Int)
    case block
    case blockID(isLargeObjects: Bool)
    case largeObject
    case chunkLength
    case chunk(left: Int)
    case stopped(String)
  }

  private var state = State.header
  private var pending: [UInt8] = []
  private var header: ArchiveHeader?
  private var encoding = ServerEncoding.utf8
  private var expected: [Int: ArchiveEntry] = [:]
  private var rows = RowTally()
  private var current: ArchiveEntry?
  private var objects = LargeObjectTally()
  private var tables: [TableFigures] = []
  private var sequences: [SequenceFact] = []
  private var number = PartialInteger()

  /// An observer that has seen nothing.
  package init() {}

  /// Takes the next slice of the dump, of any size; never fails.
  /// - Parameter slice: the bytes after those of the call before.
  package mutating func observe(_ slice: RawSpan) {
    if case .stopped = state { return }
    do throws(ArchiveTrouble) {
      try follow(slice)
    } catch {
      stop(error)
    }
  }

  /// The stream is over: gives the figures.
  /// - Returns: the figures of every table with data in the dump.
  /// - Throws: `OperatorError` `dump.not-observed` where the stream was not understood or stops
  ///   before its last table.
  package consuming func finish() throws -> ContentFigures {
    if case .block = state, let missing = expected.values.first {
      state = .stopped("the data of \(missing.schema).\(missing.tag) is missing")
    }
    switch state {
    case .block:
      return ContentFigures(
        tables: tables, largeObjects: objects.figures, sequences: sequences)
    case .stopped(let reason): throw Self.notObserved(reason)
    default: throw Self.notObserved("it stops in the middle")
    }
  }

  private static func notObserved(_ reason: String) -> OperatorError {
    OperatorError(
      "dump.not-observed", .failed, "no figures could be taken from the dump: \(reason)",
      hint: "the dump may still be whole; `pg_restore --list` tells whether it can be read")
  }

  private mutating func stop(_ trouble: ArchiveTrouble) {
    switch trouble {
    case .incomplete: state = .stopped("it stops in the middle")
    case .malformed(let what): state = .stopped(what)
    }
    pending = []
    expected = [:]
    rows = RowTally()
  }
}

// MARK: - Header and table of contents

extension DumpArchiveObserver {
  private mutating func follow(_ slice: RawSpan) throws(ArchiveTrouble) {
    switch state {
    case .header, .entries:
      pending.append(slice)
      try readContents()
      guard case .block = state else { return }
      let rest = pending
      pending = []
      try rest.withBytes { bytes throws(ArchiveTrouble) in try followData(bytes) }
    default:
      try followData(slice)
    }
  }

  /// Reads as many whole items as there are; the rest waits for the next slice.
  private mutating func readContents() throws(ArchiveTrouble) {
    var cursor = ArchiveCursor(bytes: pending, position: 0)
    var read = 0
    do throws(ArchiveTrouble) {
      if case .header = state {
        let header = try ArchiveHeader(&cursor)
        self.header = header
        state = .entries(left: header.entries)
        read = cursor.position
      }
      guard let header else { return }
      cursor.integerSize = header.integerSize
      cursor.offsetSize = header.offsetSize
      cursor.encoding = encoding
      while case .entries(let left) = state {
        guard left > 0 else {
          state = .block
          break
        }
        let entry = try ArchiveEntry(&cursor, minorVersion: header.minorVersion)
        if entry.hasData { expected[entry.id] = entry }
        if entry.kind == "SEQUENCE SET" { try sequences.append(sequence(setBy: entry)) }
        state = .entries(left: left - 1)
        read = cursor.position
        encoding = cursor.encoding
      }
    } catch .incomplete {
      // Wait for more.
    } catch {
      throw error
    }
    if read > 0 { pending.removeSubrange(0..<read) }
  }

  /// No other figure of a sequence will do: it has no snapshot, and goes on until `pg_dump` reads it.
  private func sequence(setBy entry: ArchiveEntry) throws(ArchiveTrouble) -> SequenceFact {
    guard let sequence = SequenceFact(setBy: entry) else {
      throw .malformed("\(entry.schema).\(entry.tag) is not set by setval")
    }
    return sequence
  }
}

// MARK: - Data blocks

extension DumpArchiveObserver {
  private mutating func followData(_ slice: RawSpan) throws(ArchiveTrouble) {
    var position = 0
    while position < slice.byteCount {
      switch state {
      case .block:
        let kind = slice[byteAt: position]
        guard kind == 1 || kind == 3 else { throw .malformed("a block of kind \(kind)") }
        state = .blockID(isLargeObjects: kind == 3)
        position += 1
      case .blockID(let isLargeObjects):
        guard let id = try number.read(slice, &position) else { return }
        try beginBlock(id, isLargeObjects: isLargeObjects)
      case .largeObject:
        guard let object = try number.read(slice, &position) else { return }
        if object == 0 {
          state = .block
        } else {
          objects.begin(object)
          state = .chunkLength
        }
      case .chunkLength:
        guard let length = try number.read(slice, &position) else { return }
        guard length >= 0 else { throw .malformed("a piece of \(length) bytes") }
        if length > 0 { state = .chunk(left: length) } else { try endOfData() }
      case .chunk(let left):
        let end = min(position + left, slice.byteCount)
        let piece = slice.extracting(position..<end)
        if current != nil { try rows.take(piece) } else { objects.take(piece) }
        let remaining = left - (end - position)
        state = remaining > 0 ? .chunk(left: remaining) : .chunkLength
        position = end
      case .header, .entries, .stopped:
        return
      }
    }
  }

  private mutating func beginBlock(_ id: Int, isLargeObjects: Bool) throws(ArchiveTrouble) {
    guard let entry = expected.removeValue(forKey: id) else {
      throw .malformed("a block for entry \(id), which the contents do not announce")
    }
    if isLargeObjects {
      guard entry.kind == "BLOBS" else { throw .malformed("large objects for a \(entry.kind)") }
      current = nil
      state = .largeObject
    } else {
      guard entry.kind == "TABLE DATA" else { throw .malformed("rows for a \(entry.kind)") }
      current = entry
      rows = RowTally()
      state = .chunkLength
    }
  }

  private mutating func endOfData() throws(ArchiveTrouble) {
    guard let entry = current else {
      objects.end()
      state = .largeObject
      return
    }
    try rows.close()
    guard let columns = CopyStatement.columns(of: entry.copyStatement) else {
      throw .malformed("the rows of \(entry.schema).\(entry.tag) are not from a COPY")
    }
    tables.append(
      TableFigures(
        schema: entry.schema, table: entry.tag, columns: columns, rows: rows.rows,
        bytes: rows.bytes, digest: rows.digest))
    current = nil
    state = .block
  }

  /// An integer of five bytes that may be cut by the edge of a slice.
  private struct PartialInteger: Sendable {
    private var seen = 0
    private var sign: UInt8 = 0
    private var magnitude = 0

    mutating func read(
      _ slice: RawSpan, _ position: inout Int
    ) throws(ArchiveTrouble) -> Int? {
      while position < slice.byteCount {
        let byte = slice[byteAt: position]
        position += 1
        if seen == 0 {
          guard byte <= 1 else { throw .malformed("an integer's sign is \(byte)") }
          sign = byte
        } else {
          magnitude |= Int(byte) << (8 * (seen - 1))
        }
        seen += 1
        if seen == 5 {
          defer { self = PartialInteger() }
          return sign == 0 ? magnitude : -magnitude
        }
      }
      return nil
    }
  }
}
