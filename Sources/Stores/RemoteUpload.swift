import Repository
import SecretMemory
import StoreWire
import Synchronization
import Vocabulary

/// An object on its way to another machine, and there without a name until it is kept.
final class RemoteUpload: StagedObject {
  private enum State {
    case open
    case ended
    /// Kept, or asked to be: the other side has no more to forget.
    case over
  }

  private let connection: WireConnection
  private let number: UInt32
  private let state = Mutex(State.open)

  /// Begins with no bytes.
  init(over connection: WireConnection) throws {
    self.connection = connection
    number = connection.newNumber()
    try connection.send(WireFrame(.data, number))
  }

  /// Sends bytes.
  ///
  /// - Throws: what ended the connection; `store.protocol` where the object has ended.
  func add(_ bytes: RawSpan) throws {
    try state.withLock { state in
      guard case .open = state else {
        throw OperatorError("store.protocol", .failed, "an object that ended takes no more bytes")
      }
      for start in stride(from: 0, to: bytes.byteCount, by: WireFrame.pieceSize) {
        let end = min(start + WireFrame.pieceSize, bytes.byteCount)
        try connection.tell(.data, number, bytes.extracting(start..<end))
      }
    }
  }

  /// Says that this is all.
  ///
  /// - Returns: the answer, which comes once the other side has written it.
  func end() throws -> Answer {
    state.withLock { $0 = .ended }
    var payload = PayloadWriter()
    payload.put(number)
    return try connection.ask(.end, payload)
  }

  /// Asks for it to be given its name.
  ///
  /// - Returns: the answer, which comes once that is durable.
  func askToKeep(as name: ObjectName) throws -> Answer {
    state.withLock { $0 = .over }
    var payload = PayloadWriter()
    payload.put(number)
    payload.put(name)
    return try connection.ask(.keep, payload)
  }

  func keep(as name: ObjectName) throws {
    _ = try askToKeep(as: name).value()
  }

  /// Has the other side forget it, unless it is kept.
  func abandon() {
    state.withLock { state in
      if case .over = state { return }
      state = .over
      // Where the connection is gone, so is the object.
      try? connection.send(WireFrame(.drop, number))
    }
  }

  deinit { abandon() }
}
