/// What a frame is; `docs/formats/receive.md`, Frames.
package enum FrameKind: UInt8, Sendable {
  case hello = 1
  case lease = 2
  case release = 3
  case data = 4
  case end = 5
  case drop = 6
  case keep = 7
  case together = 8
  case sizes = 9
  case read = 10
  case list = 11
  case remove = 12
  case ping = 13

  case welcome = 65
  case done = 66
  case failed = 67
}

/// One frame of the protocol: what it is, which request or upload it belongs to, and its bytes.
package struct WireFrame: Sendable {
  /// Length, kind and number.
  static let headSize = 9
  /// The most bytes of an object that one frame carries.
  package static let pieceSize = 1 << 20
  /// No frame is longer: whoever announces more is no peer of ours.
  static let largestPayload = pieceSize + (64 << 10)

  package let kind: FrameKind
  package let number: UInt32
  package let payload: [UInt8]

  /// A frame that is to be sent.
  package init(_ kind: FrameKind, _ number: UInt32, _ payload: [UInt8] = []) {
    (self.kind, self.number, self.payload) = (kind, number, payload)
  }

  /// The bytes before the payload.
  static func head(_ kind: FrameKind, _ number: UInt32, payload count: Int) -> [UInt8] {
    precondition(count <= largestPayload, "a frame of \(count) bytes")
    var head = PayloadWriter()
    head.put(UInt32(count))
    head.put(kind.rawValue)
    head.put(number)
    return head.bytes
  }

  /// Reads what comes before the payload.
  ///
  /// - Throws: `WireError.malformed` for a kind nobody knows, and for a length that nobody sends.
  static func parse(_ head: [UInt8]) throws -> (kind: FrameKind, number: UInt32, count: Int) {
    var reader = PayloadReader(head)
    let count = Int(try reader.number(UInt32.self))
    let kind = FrameKind(rawValue: try reader.number(UInt8.self))
    guard let kind, count <= largestPayload else { throw WireError.malformed }
    return (kind, try reader.number(UInt32.self), count)
  }
}
