import Vocabulary

/// The first frame of each side: that it speaks this protocol, and which version of it.
package enum Greeting {
  /// The version this program speaks.
  package static let version: UInt16 = 1
  private static let magic = Array("COFFERRX".utf8)

  /// What a client says first.
  ///
  /// - Parameter path: the store it means, as its operator wrote it.
  /// - Returns: the frame.
  package static func hello(to path: String) -> WireFrame {
    var payload = opening
    payload.put(path)
    return WireFrame(.hello, 0, payload.bytes)
  }

  /// What a server answers.
  package static var welcome: WireFrame { WireFrame(.welcome, 0, opening.bytes) }

  /// Reads what a client said first.
  ///
  /// - Returns: the version it speaks, and the path it means.
  /// - Throws: `WireError.malformed`.
  package static func read(hello frame: WireFrame) throws -> (version: UInt16, path: String) {
    guard frame.kind == .hello else { throw WireError.malformed }
    var reader = PayloadReader(frame.payload)
    let version = try version(&reader)
    return (version, try reader.text())
  }

  /// Reads what a server answered.
  ///
  /// - Returns: the version it speaks.
  /// - Throws: `WireError.malformed`.
  package static func read(welcome frame: WireFrame) throws -> UInt16 {
    guard frame.kind == .welcome else { throw WireError.malformed }
    var reader = PayloadReader(frame.payload)
    return try version(&reader)
  }

  private static var opening: PayloadWriter {
    var payload = PayloadWriter()
    payload.put(magic)
    payload.put(version)
    return payload
  }

  private static func version(_ reader: inout PayloadReader) throws -> UInt16 {
    for byte in magic {
      guard try reader.number(UInt8.self) == byte else { throw WireError.malformed }
    }
    return try reader.number(UInt16.self)
  }
}
