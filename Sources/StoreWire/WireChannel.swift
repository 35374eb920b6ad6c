import Glibc
import SecretMemory
import Synchronization
package import SystemPackage

/// Two pipes over which frames go, the same at both ends.
///
/// Nothing is waited for longer than is said: a peer that is gone without a word ends the connection.
package final class WireChannel: Sendable {
  /// What came.
  package enum Arrival: Sendable {
    case frame(WireFrame)
    /// Nothing within the time given.
    case nothing
    /// The other side has said all, between two frames.
    case end
  }

  private let input: FileDescriptor
  private let output: FileDescriptor
  private let patience: Duration
  /// Whether the output is open still.
  private let sending = Mutex(true)

  /// Takes the descriptors of both directions, and closes them when it goes away.
  ///
  /// - Parameters:
  ///   - input: what the other side says.
  ///   - output: what is said to it.
  ///   - patience: how long a frame that has begun may make no progress, in either direction.
  package init(
    readingFrom input: FileDescriptor, writingTo output: FileDescriptor, patience: Duration
  ) {
    (self.input, self.output, self.patience) = (input, output, patience)
    for end in [input, output] {
      let flags = fcntl(end.rawValue, F_GETFL)
      _ = fcntl(end.rawValue, F_SETFL, flags | O_NONBLOCK)
    }
  }

  /// Sends a frame.
  ///
  /// - Throws: `WireError.ended`, `WireError.silent`; the connection is of no use then.
  package func send(_ frame: WireFrame) throws {
    try frame.payload.withBytes { try send(frame.kind, frame.number, $0) }
  }

  /// Sends a frame whose bytes are somebody else's.
  ///
  /// - Throws: as `send`.
  package func send(_ kind: FrameKind, _ number: UInt32, _ payload: RawSpan) throws {
    let head = WireFrame.head(kind, number, payload: payload.byteCount)
    try sending.withLock { isOpen in
      guard isOpen else { throw WireError.ended }
      try head.withBytes { try write($0) }
      try write(payload)
    }
  }

  /// Says that nothing more will be said.
  package func hangUp() {
    sending.withLock { isOpen in
      if isOpen { try? output.close() }
      isOpen = false
    }
  }

  /// Waits for the next frame; one thread does.
  ///
  /// - Parameter time: how long to wait for its beginning.
  /// - Returns: what came.
  /// - Throws: `WireError`.
  package func receive(within time: Duration) throws -> Arrival {
    guard try isReady(input, POLLIN, within: time) else { return .nothing }
    guard let head = try read(WireFrame.headSize, mayEnd: true) else { return .end }
    let (kind, number, count) = try WireFrame.parse(head)
    return .frame(WireFrame(kind, number, try read(count, mayEnd: false) ?? []))
  }

  private func write(_ bytes: RawSpan) throws {
    var written = 0
    while written < bytes.byteCount {
      let rest = bytes.extracting(written..<bytes.byteCount)
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(output.rawValue, $0.baseAddress, $0.count)
      }
      if count >= 0 {
        written += count
      } else if try !mayGoOn(output, POLLOUT) {
        throw WireError.silent
      }
    }
  }

  private func read(_ count: Int, mayEnd: Bool) throws -> [UInt8]? {
    var taken = 0
    // Grown as bytes come: what is only announced takes no memory.
    var bytes: [UInt8] = []
    while taken < count {
      let room = min(count - taken, 256 << 10)
      if bytes.count < taken + room {
        bytes.append(contentsOf: repeatElement(0, count: taken + room - bytes.count))
      }
      let got = unsafe bytes.withUnsafeMutableBytes {
        unsafe Glibc.read(input.rawValue, $0.baseAddress.map { unsafe $0 + taken }, room)
      }
      if got > 0 {
        taken += got
      } else if got == 0 {
        guard taken == 0, mayEnd else { throw WireError.ended }
        return nil
      } else if try !mayGoOn(input, POLLIN) {
        throw WireError.silent
      }
    }
    bytes.removeLast(bytes.count - taken)
    return bytes
  }

  /// Whether a call that failed is to be made again.
  private func mayGoOn(_ end: FileDescriptor, _ event: Int32) throws -> Bool {
    switch errno {
    case EINTR: return true
    case EAGAIN: return try isReady(end, event, within: patience)
    default: throw WireError.ended
    }
  }

  private func isReady(
    _ end: FileDescriptor, _ event: Int32, within time: Duration
  ) throws -> Bool {
    let deadline = ContinuousClock.now + time
    while true {
      let left = max(.zero, ContinuousClock.now.duration(to: deadline))
      var wanted = pollfd(fd: end.rawValue, events: Int16(event), revents: 0)
      let milliseconds = Int32(clamping: Int((left / .milliseconds(1)).rounded(.up)))
      let found = unsafe poll(&wanted, 1, milliseconds)
      if found > 0 { return true }
      if found == 0 { return false }
      guard errno == EINTR else { throw WireError.ended }
    }
  }

  deinit {
    hangUp()
    try? input.close()
  }
}
