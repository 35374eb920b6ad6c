import Repository
import StoreWire
import Synchronization

/// Small objects that somebody will read, asked for before he does: a round trip is paid once for many.
final class ReadAhead: Sendable {
  /// The beginning of an object, which is all of it where it is small.
  typealias Piece = (size: Int, bytes: [UInt8])

  /// Of each at most a piece is asked for.
  private static let mostAsked = 32

  private struct State {
    var expected: ArraySlice<ObjectName> = []
    var asked: [ObjectName: Answer] = [:]
    var arrived: [ObjectName: Piece] = [:]
  }

  private let state = Mutex(State())

  /// Begins to ask; what was expected before is forgotten.
  ///
  /// - Parameters:
  ///   - names: what will be read, in this order.
  ///   - ask: asks for the first piece of one.
  /// - Throws: what `ask` throws.
  func expect(_ names: [ObjectName], _ ask: (ObjectName) throws -> Answer) throws {
    try state.withLock { state in
      state = State(expected: names[...])
      try Self.askOn(&state, ask)
    }
  }

  /// The beginning of an object, where it was expected and is there.
  func piece(of name: ObjectName, _ read: (inout PayloadReader) throws -> Piece) -> Piece? {
    state.withLock { state in
      if let piece = state.arrived[name] { return piece }
      guard let answer = state.asked.removeValue(forKey: name) else { return nil }
      // Of what is not there, he who asks for it himself is told.
      guard let piece = try? answer.value(read) else { return nil }
      state.arrived[name] = piece
      return piece
    }
  }

  /// Forgets an object that was read, and asks for another one.
  ///
  /// - Throws: what `ask` throws.
  func forget(_ name: ObjectName, _ ask: (ObjectName) throws -> Answer) throws {
    try state.withLock { state in
      guard state.arrived.removeValue(forKey: name) != nil else { return }
      try Self.askOn(&state, ask)
    }
  }

  private static func askOn(
    _ state: inout State, _ ask: (ObjectName) throws -> Answer
  ) throws {
    while state.asked.count + state.arrived.count < mostAsked,
      let name = state.expected.popFirst()
    {
      state.asked[name] = try ask(name)
    }
  }
}
