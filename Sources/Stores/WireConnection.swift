import Dispatch
import SecretMemory
import StoreWire
import Synchronization
import Vocabulary

/// Who is at the other end of a wire.
protocol WirePeer: AnyObject, Sendable {
  /// How it is spoken to.
  var channel: WireChannel { get }

  /// What was said beside the protocol, on one line; asked for once the connection has ended.
  var lastWords: String { get }
}

/// A client's end of a wire: many threads ask, one listens, and each gets the answer to its own.
final class WireConnection: Sendable {
  /// After so much silence the other side is asked whether it is still there.
  private static let quiet = Duration.seconds(30)
  /// After so much more it is taken for gone.
  private static let patience = Duration.seconds(600)

  private let peer: any WirePeer
  private let answers: Answers
  private let location: String

  /// Says hello, and begins to listen.
  ///
  /// - Parameters:
  ///   - peer: the other side.
  ///   - path: the store that is meant there.
  ///   - location: how an operator would name it.
  /// - Throws: `store.unreachable`, `store.protocol`, and what the other side refuses us with.
  init(to peer: any WirePeer, path: String, called location: String) throws {
    (self.peer, self.location) = (peer, location)
    answers = Answers()
    do {
      try peer.channel.send(Greeting.hello(to: path))
      guard case .frame(let frame) = try peer.channel.receive(within: Self.patience) else {
        throw WireError.ended
      }
      if frame.kind == .failed { throw try WireFailure.error(in: frame.payload) }
      guard try Greeting.read(welcome: frame) == Greeting.version else { throw WireError.malformed }
    } catch {
      peer.channel.hangUp()
      throw Self.inWords(error, of: peer, location)
    }
    listen()
  }

  /// Asks something.
  ///
  /// - Returns: the answer to come.
  /// - Throws: `store.unreachable`, and whatever else ended the connection.
  func ask(_ kind: FrameKind, _ payload: PayloadWriter = PayloadWriter()) throws -> Answer {
    let answer = try answers.expect()
    try send(WireFrame(kind, answer.number, payload.bytes))
    return answer
  }

  /// A number that no other request or upload of this connection has.
  func newNumber() -> UInt32 { answers.newNumber() }

  /// Says something that is not answered.
  ///
  /// - Throws: as `ask`.
  func tell(_ kind: FrameKind, _ number: UInt32, _ payload: RawSpan) throws {
    try ending { try peer.channel.send(kind, number, payload) }
  }

  /// Sends a frame.
  ///
  /// - Throws: as `ask`.
  func send(_ frame: WireFrame) throws {
    try ending { try peer.channel.send(frame) }
  }

  private func ending(_ send: () throws -> Void) throws {
    do {
      try send()
    } catch {
      // The other side may have said why before it went.
      peer.channel.hangUp()
      throw answers.failure(within: 5) ?? Self.inWords(error, of: peer, location)
    }
  }

  /// Hands answers out until there are no more; holds nothing that must go away first.
  private func listen() {
    DispatchQueue(label: "coffer.wire.listener").async { [peer, answers, location] in
      do {
        try Self.run(peer.channel, answers)
      } catch {
        answers.end(with: Self.inWords(error, of: peer, location))
      }
      peer.channel.hangUp()
    }
  }

  private static func run(_ channel: WireChannel, _ answers: Answers) throws {
    var silence = Duration.zero
    while true {
      switch try channel.receive(within: quiet) {
      case .frame(let frame):
        silence = .zero
        try answers.take(frame)
      case .nothing:
        silence += quiet
        guard silence < patience else { throw WireError.silent }
        try channel.send(WireFrame(.ping, 0))
      case .end: throw WireError.ended
      }
    }
  }

  private static func inWords(
    _ error: any Error, of peer: any WirePeer, _ location: String
  ) -> OperatorError {
    switch error {
    case let error as OperatorError: return error
    case WireError.malformed:
      return OperatorError(
        "store.protocol", .failed, "what answers at \(location) is no coffer-store receive",
        hint: "authorized_keys there must force it, and nothing may print when a shell starts")
    case WireError.silent:
      return OperatorError(
        "store.unreachable", .failed, "the connection to \(location) has stood still for too long",
        hint: "run again: what has arrived there is used")
    default:
      let words = peer.lastWords
      return OperatorError(
        "store.unreachable", .failed,
        "the connection to \(location) ended" + (words.isEmpty ? "" : ": \(words)"),
        hint: "try 'ssh' by hand as this user; then run again: what has arrived there is used")
    }
  }

  deinit { peer.channel.hangUp() }
}

/// The answer to one request, to be waited for.
final class Answer: Sendable {
  /// The request's.
  let number: UInt32

  private let outcome = Mutex<Result<[UInt8], OperatorError>?>(nil)
  private let arrival = DispatchSemaphore(value: 0)

  fileprivate init(to number: UInt32) {
    self.number = number
  }

  /// Waits for it; once.
  ///
  /// - Returns: its payload.
  /// - Throws: what the other side refused with, or what ended the connection.
  func value() throws -> [UInt8] {
    arrival.wait()
    guard let outcome = outcome.withLock({ $0 }) else { fatalError("an answer that never came") }
    return try outcome.get()
  }

  /// Waits for it, and takes it apart.
  ///
  /// - Throws: as `value`, and `store.protocol` where it is not what was asked for.
  func value<Value>(_ read: (inout PayloadReader) throws -> Value) throws -> Value {
    var reader = PayloadReader(try value())
    do {
      let value = try read(&reader)
      try reader.end()
      return value
    } catch is WireError {
      throw OperatorError(
        "store.protocol", .failed, "the other side answered something else than it was asked",
        hint: "are both machines' coffers of one version?")
    }
  }

  fileprivate func settle(_ result: Result<[UInt8], OperatorError>) {
    outcome.withLock { $0 = result }
    arrival.signal()
  }
}

/// Who waits for which answer.
private final class Answers: Sendable {
  private struct State {
    var last: UInt32 = 0
    var waiting: [UInt32: Answer] = [:]
    var failure: OperatorError?
  }

  private let state = Mutex(State())
  private let ended = DispatchGroup()

  init() {
    ended.enter()
  }

  func newNumber() -> UInt32 {
    state.withLock { state in
      // No. 0 is the connection's own; a connection of four billion requests begins again.
      state.last = state.last == .max ? 1 : state.last + 1
      return state.last
    }
  }

  func expect() throws -> Answer {
    let answer = Answer(to: newNumber())
    try state.withLock { state in
      if let failure = state.failure { throw failure }
      state.waiting[answer.number] = answer
    }
    return answer
  }

  func take(_ frame: WireFrame) throws {
    let result: Result<[UInt8], OperatorError>
    switch frame.kind {
    case .done: result = .success(frame.payload)
    case .failed: result = .failure(try WireFailure.error(in: frame.payload))
    default: throw WireError.malformed
    }
    if frame.number == 0 {
      // Of the connection itself: a sign of life, or why it ends.
      _ = try result.get()
      return
    }
    let answer = state.withLock { $0.waiting.removeValue(forKey: frame.number) }
    guard let answer else { throw WireError.malformed }
    answer.settle(result)
  }

  func end(with error: OperatorError) {
    let waiting = state.withLock { state in
      state.failure = error
      defer { state.waiting = [:] }
      return state.waiting.values
    }
    for answer in waiting { answer.settle(.failure(error)) }
    ended.leave()
  }

  func failure(within seconds: Int) -> OperatorError? {
    _ = ended.wait(timeout: .now() + .seconds(seconds))
    return state.withLock { $0.failure }
  }
}
