package import Repository

/// Takes a payload apart; whatever it says is checked before it is used.
package struct PayloadReader: Sendable {
  private let bytes: [UInt8]
  private var position = 0

  /// Begins at the start of a payload.
  package init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// How many bytes are left.
  package var left: Int { bytes.count - position }

  /// Takes a number.
  ///
  /// - Throws: `WireError.malformed` where the payload ends before it.
  package mutating func number<Number: FixedWidthInteger>(_ type: Number.Type) throws -> Number {
    let size = Number.bitWidth / 8
    guard left >= size else { throw WireError.malformed }
    var number: Number = 0
    for place in 0..<size {
      number |= Number(truncatingIfNeeded: bytes[position + place]) << Number(place * 8)
    }
    position += size
    return number
  }

  /// Takes a text.
  ///
  /// - Throws: `WireError.malformed` where it is none.
  package mutating func text() throws -> String {
    let count = Int(try number(UInt16.self))
    guard left >= count,
      let text = String(validating: bytes[position..<position + count], as: UTF8.self)
    else { throw WireError.malformed }
    position += count
    return text
  }

  /// Takes the name of an object.
  ///
  /// - Throws: `WireError.malformed` for a name that the format does not have: none leads out of a store.
  package mutating func name() throws -> ObjectName {
    guard let name = ObjectName(hostText: try text()) else { throw WireError.malformed }
    return name
  }

  /// Takes all that is left.
  package mutating func rest() -> [UInt8] {
    defer { position = bytes.count }
    return Array(bytes[position...])
  }

  /// Makes sure that nothing is left.
  ///
  /// - Throws: `WireError.malformed`.
  package func end() throws {
    guard left == 0 else { throw WireError.malformed }
  }
}
