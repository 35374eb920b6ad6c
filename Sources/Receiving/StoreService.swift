package import Repository
import SecretMemory
package import StoreWire
package import Vocabulary

/// One client's connection to a store: each request is done when it comes, and answered in order.
///
/// What a client may do is for the store that it is given to say; here is only seen to it that nothing
/// grows with what a client sends.
package final class StoreService {
  /// How many objects may be arriving at once; each has a thread and two pieces in memory.
  private static let mostArriving = 16
  /// How many may wait for their names.
  private static let mostStaged = 64
  private static let namesOnAPage = 1000

  private let store: any BlobStore
  private let channel: WireChannel
  private let patience: Duration
  private let refused: (OperatorError) -> Void
  private var lease: (any WriterLease)?
  private var arriving: [UInt32: ArrivingObject] = [:]
  private var staged: [UInt32: any StagedObject] = [:]
  private var together: ArrivingGroup?

  /// Prepares to serve.
  ///
  /// - Parameters:
  ///   - store: what is served.
  ///   - channel: to the client.
  ///   - patience: how long a client may be silent.
  ///   - refused: hears of everything that was not done.
  package init(
    _ store: any BlobStore, over channel: WireChannel, patience: Duration,
    refused: @escaping (OperatorError) -> Void = { _ in }
  ) {
    (self.store, self.channel, self.patience) = (store, channel, patience)
    self.refused = refused
  }

  /// Serves until the client has said all.
  ///
  /// - Parameter accept: looks at the path that the client means.
  /// - Throws: `receive.protocol`, `receive.version`, `receive.silent`, `receive.cut`, and what `accept`
  ///   throws; the client has been told. Nothing that has no name is left.
  package func run(accepting accept: (_ path: String) throws -> Void) throws {
    defer { forget() }
    do {
      guard try greet(accept) else { return }
      while let frame = try next() { try take(frame) }
    } catch {
      let error = Self.inWords(error)
      try? channel.send(WireFrame(.failed, 0, WireFailure.payload(of: error)))
      throw error
    }
  }

  private func greet(_ accept: (String) throws -> Void) throws -> Bool {
    guard let frame = try next() else { return false }
    let (version, path) = try Greeting.read(hello: frame)
    guard version == Greeting.version else {
      throw OperatorError(
        "receive.version", .failed,
        "the client speaks version \(version) of the protocol, this keeper \(Greeting.version)",
        hint: "use coffers of one version")
    }
    try accept(path)
    try channel.send(Greeting.welcome)
    return true
  }

  private func next() throws -> WireFrame? {
    switch try channel.receive(within: patience) {
    case .frame(let frame): return frame
    case .nothing: throw WireError.silent
    case .end: return nil
    }
  }

  private func take(_ frame: WireFrame) throws {
    var reader = PayloadReader(frame.payload)
    switch frame.kind {
    case .data: try take(frame.payload, of: frame.number)
    case .drop:
      try reader.end()
      arriving.removeValue(forKey: frame.number)?.drop()
      staged[frame.number] = nil
    case .together:
      guard together == nil else { throw WireError.malformed }
      together = try ArrivingGroup(&reader, number: frame.number)
      try settleTogether()
    default:
      do {
        let answer = try answer(frame.kind, &reader)
        try channel.send(WireFrame(.done, frame.number, answer.bytes))
      } catch let error as OperatorError {
        try refuse(frame.number, error)
      }
    }
  }

  private func answer(
    _ kind: FrameKind, _ reader: inout PayloadReader
  ) throws -> PayloadWriter {
    switch kind {
    case .ping: try reader.end()
    case .lease:
      try reader.end()
      guard lease == nil else { throw WireError.malformed }
      lease = try store.prepareForWriting()
    case .release:
      try reader.end()
      lease?.release()
      lease = nil
    case .end:
      let number = try reader.number(UInt32.self)
      try reader.end()
      try end(number)
    case .keep:
      let (number, name) = (try reader.number(UInt32.self), try reader.name())
      try reader.end()
      try keep(number, name)
    case .sizes: return try sizes(&reader)
    case .read: return try read(&reader)
    case .list: return try list(&reader)
    case .remove:
      let name = try reader.name()
      try reader.end()
      try store.remove(name)
    case .hello, .data, .drop, .together, .welcome, .done, .failed: throw WireError.malformed
    }
    return PayloadWriter()
  }

  private func take(_ bytes: [UInt8], of number: UInt32) throws {
    if together?.number == number {
      try together?.add(bytes)
      return try settleTogether()
    }
    if let object = arriving[number] { return object.add(bytes) }
    guard arriving.count < Self.mostArriving, staged.count < Self.mostStaged,
      staged[number] == nil
    else { throw WireError.malformed }
    let object = ArrivingObject(to: store)
    arriving[number] = object
    object.add(bytes)
  }

  private func end(_ number: UInt32) throws {
    guard let object = arriving.removeValue(forKey: number) else { throw WireError.malformed }
    staged[number] = try object.end()
  }

  private func keep(_ number: UInt32, _ name: ObjectName) throws {
    guard let object = staged.removeValue(forKey: number) else {
      // What failed to arrive was answered already, perhaps after this was sent.
      throw OperatorError("receive.no-object", .failed, "\(name) did not arrive")
    }
    try object.keep(as: name)
  }

  private func settleTogether() throws {
    guard let group = together, group.isWhole else { return }
    together = nil
    do {
      try store.putTogether(group.objects)
      try channel.send(WireFrame(.done, group.number))
    } catch let error as OperatorError {
      try refuse(group.number, error)
    }
  }

  private func sizes(_ reader: inout PayloadReader) throws -> PayloadWriter {
    let names = try (0..<(try reader.number(UInt16.self))).map { _ in try reader.name() }
    try reader.end()
    var answer = PayloadWriter()
    for size in try store.sizes(of: names) { answer.put(size.map { UInt64($0) } ?? .max) }
    return answer
  }

  private func read(_ reader: inout PayloadReader) throws -> PayloadWriter {
    let name = try reader.name()
    let (offset, count) = (try reader.number(UInt64.self), try reader.number(UInt32.self))
    try reader.end()
    guard let start = Int(exactly: offset), count <= WireFrame.pieceSize else {
      throw WireError.malformed
    }
    // Of what is not there, the store itself says so.
    let size = try store.size(of: name) ?? 0
    let range = min(start, size)..<min(start + Int(count), size)
    var answer = PayloadWriter()
    answer.put(UInt64(size))
    answer.put(try store.read(name, range))
    return answer
  }

  private func list(_ reader: inout PayloadReader) throws -> PayloadWriter {
    let (folder, last) = (try reader.text(), try reader.text())
    try reader.end()
    guard Self.isFolder(folder) else { throw WireError.malformed }
    let names = try store.list(folder).filter { $0 > last }
    var answer = PayloadWriter()
    answer.put(UInt8(names.count > Self.namesOnAPage ? 1 : 0))
    answer.put(UInt16(min(names.count, Self.namesOnAPage)))
    for name in names.prefix(Self.namesOnAPage) { answer.put(name) }
    return answer
  }

  /// Whether a text is the name of a folder of the format, and leads nowhere else.
  private static func isFolder(_ text: String) -> Bool {
    let names = text.split(separator: "/", omittingEmptySubsequences: false)
    return (1...2).contains(names.count)
      && names.allSatisfy { name in
        !name.isEmpty && name.utf8.count <= 64
          && name.utf8.allSatisfy { UInt8(ascii: "0") <= $0 && $0 <= UInt8(ascii: "z") }
          && !name.utf8.contains(UInt8(ascii: "\\"))
      }
  }

  private func refuse(_ number: UInt32, _ error: OperatorError) throws {
    refused(error)
    try channel.send(WireFrame(.failed, number, WireFailure.payload(of: error)))
  }

  /// Lets go of everything that has no name, before the right to write goes.
  private func forget() {
    for object in arriving.values { object.drop() }
    arriving = [:]
    staged = [:]
    together = nil
    lease?.release()
    lease = nil
  }

  private static func inWords(_ error: any Error) -> OperatorError {
    switch error {
    case let error as OperatorError: error
    case WireError.ended:
      OperatorError("receive.cut", .interrupted, "the connection ended in the middle of a frame")
    case WireError.silent:
      OperatorError("receive.silent", .failed, "the client said nothing for too long")
    case is WireError:
      OperatorError(
        "receive.protocol", .failed, "the client does not keep to the protocol",
        hint: "only a coffer with a store at ssh://… speaks it")
    default: OperatorError("unexpected", .failed, "\(error)")
    }
  }
}
