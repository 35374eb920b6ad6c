import Repository
import SecretMemory
import StoreWire
import Synchronization
import Vocabulary

/// A store on another machine, whose `coffer-store receive` keeps it: `docs/formats/receive.md`.
///
/// It can be added to and read. What is there already, nobody changes or removes from here. All requests
/// go over one connection, which is made when the first is.
struct RemoteStore: BlobStore {
  /// How many pieces of an object are asked for before the first has come.
  private static let piecesAhead = 4
  private static let namesAtOnce = 4096

  let location: String
  private let line: Line
  private let ahead = ReadAhead()

  /// Names a store that `ssh` reaches; nothing is done yet.
  ///
  /// - Throws: `store.address`.
  init(_ text: String) throws {
    let address = try SSHAddress(text)
    self.init(called: text) {
      try WireConnection(to: SSHProcess(to: address), path: address.path, called: text)
    }
  }

  /// Names a store at the other end of any connection.
  init(called location: String, connect: @escaping @Sendable () throws -> WireConnection) {
    self.location = location
    line = Line(connect)
  }

  func prepareForWriting() throws -> any WriterLease {
    let connection = try line.connection()
    _ = try connection.ask(.lease).value()
    return Lease(connection)
  }

  func put(_ name: ObjectName, _ bytes: RawSpan) throws {
    let upload = try RemoteUpload(over: line.connection())
    try upload.add(bytes)
    // All is said before an answer is waited for: a small object costs one round trip.
    let end = try upload.end()
    let kept = try upload.askToKeep(as: name)
    _ = try end.value()
    _ = try kept.value()
  }

  func stage(
    _ write: (_ take: @escaping @Sendable (RawSpan) throws -> Void) throws -> Void
  ) throws -> any StagedObject {
    let upload = try RemoteUpload(over: line.connection())
    do {
      try write { try upload.add($0) }
      _ = try upload.end().value()
    } catch {
      upload.abandon()
      throw error
    }
    return upload
  }

  func putTogether(_ objects: [(name: ObjectName, bytes: [UInt8])]) throws {
    let connection = try line.connection()
    var payload = PayloadWriter()
    payload.put(UInt16(objects.count))
    for object in objects {
      payload.put(object.name)
      payload.put(UInt64(object.bytes.count))
    }
    let answer = try connection.ask(.together, payload)
    for object in objects {
      try object.bytes.withBytes { bytes in
        for start in stride(from: 0, to: bytes.byteCount, by: WireFrame.pieceSize) {
          let end = min(start + WireFrame.pieceSize, bytes.byteCount)
          try connection.tell(.data, answer.number, bytes.extracting(start..<end))
        }
      }
    }
    _ = try answer.value()
  }

  func read(_ name: ObjectName, _ range: Range<Int>?) throws -> [UInt8] {
    var bytes: [UInt8] = []
    if let range {
      try pieces(name, range) { bytes.append($0) }
      guard bytes.count == range.count else { throw short(name, range.upperBound) }
    } else {
      try stream(name) { bytes.append($0) }
    }
    return bytes
  }

  func stream(_ name: ObjectName, _ consume: (RawSpan) throws -> Void) throws {
    let (size, first) =
      try ahead.piece(of: name, Self.piece) ?? askForFirst(name).value(Self.piece)
    try ahead.forget(name, askForFirst)
    if !first.isEmpty { try first.withBytes(consume) }
    guard first.count < size else { return }
    var taken = first.count
    try pieces(name, first.count..<size) { piece in
      taken += piece.byteCount
      try consume(piece)
    }
    guard taken == size else { throw short(name, size) }
  }

  func size(of name: ObjectName) throws -> Int? {
    if let piece = ahead.piece(of: name, Self.piece) { return piece.size }
    return try sizes(of: [name])[0]
  }

  func sizes(of names: [ObjectName]) throws -> [Int?] {
    let connection = try line.connection()
    let answers = try stride(from: 0, to: names.count, by: Self.namesAtOnce).map { start in
      let some = names[start..<min(start + Self.namesAtOnce, names.count)]
      var payload = PayloadWriter()
      payload.put(UInt16(some.count))
      for name in some { payload.put(name) }
      return (try connection.ask(.sizes, payload), some.count)
    }
    return try answers.flatMap { answer, count in
      try answer.value { reader in
        try (0..<count).map { _ in
          let size = try reader.number(UInt64.self)
          return size == .max ? nil : try Self.length(size)
        }
      }
    }
  }

  func expectReading(of names: [ObjectName]) throws {
    try ahead.expect(names, askForFirst)
  }

  func list(_ folder: String) throws -> [String] {
    let connection = try line.connection()
    var names: [String] = []
    var isMore = true
    while isMore {
      var payload = PayloadWriter()
      payload.put(folder)
      payload.put(names.last ?? "")
      let page = try connection.ask(.list, payload).value { reader in
        isMore = try reader.number(UInt8.self) == 1
        return try (0..<(try reader.number(UInt16.self))).map { _ in try reader.text() }
      }
      // A page that does not go on would be asked for without end.
      isMore = isMore && !page.isEmpty && page[0] > names.last ?? ""
      names += page
    }
    return names
  }

  func remove(_ name: ObjectName) throws {
    var payload = PayloadWriter()
    payload.put(name)
    _ = try line.connection().ask(.remove, payload).value()
  }

  /// Lends a range piece by piece; ends early where the object does.
  private func pieces(
    _ name: ObjectName, _ range: Range<Int>, _ take: (RawSpan) throws -> Void
  ) throws {
    var starts = stride(from: range.lowerBound, to: range.upperBound, by: WireFrame.pieceSize)
      .makeIterator()
    var asked: [(Answer, Int)] = []
    func askOn() throws {
      guard let start = starts.next() else { return }
      let count = min(WireFrame.pieceSize, range.upperBound - start)
      asked.append((try ask(name, start, count), count))
    }
    if range.isEmpty { _ = try ask(name, range.lowerBound, 0).value(Self.piece) }
    for _ in 0..<Self.piecesAhead { try askOn() }
    while !asked.isEmpty {
      let (answer, count) = asked.removeFirst()
      let piece = try answer.value(Self.piece).bytes
      guard piece.count == count else { throw short(name, range.upperBound) }
      try piece.withBytes(take)
      try askOn()
    }
  }

  private func askForFirst(_ name: ObjectName) throws -> Answer {
    try ask(name, 0, WireFrame.pieceSize)
  }

  private func ask(_ name: ObjectName, _ offset: Int, _ count: Int) throws -> Answer {
    var payload = PayloadWriter()
    payload.put(name)
    payload.put(UInt64(offset))
    payload.put(UInt32(count))
    return try line.connection().ask(.read, payload)
  }

  private static func piece(_ reader: inout PayloadReader) throws -> (size: Int, bytes: [UInt8]) {
    (try length(reader.number(UInt64.self)), reader.rest())
  }

  private static func length(_ number: UInt64) throws -> Int {
    guard let length = Int(exactly: number), NeededSet.Facts.sizes.contains(length) else {
      throw WireError.malformed
    }
    return length
  }

  private func short(_ name: ObjectName, _ end: Int) -> OperatorError {
    OperatorError("object.short", .mismatch, "\(name) ends before byte \(end)")
  }

  /// The right to write, which the other side holds for us.
  private final class Lease: WriterLease {
    private let connection: Mutex<WireConnection?>

    init(_ connection: WireConnection) {
      self.connection = Mutex(connection)
    }

    func release() {
      let held = connection.withLock { held in
        defer { held = nil }
        return held
      }
      // Where the connection is gone, so is the right.
      _ = try? held?.ask(.release).value()
    }

    deinit { release() }
  }
}

/// The one connection of a store, made when it is needed.
private final class Line: Sendable {
  private let made = Mutex<WireConnection?>(nil)
  private let connect: @Sendable () throws -> WireConnection

  init(_ connect: @escaping @Sendable () throws -> WireConnection) {
    self.connect = connect
  }

  func connection() throws -> WireConnection {
    try made.withLock { made in
      if let made { return made }
      let connection = try connect()
      made = connection
      return connection
    }
  }
}
