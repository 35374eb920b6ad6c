package import Repository

/// Puts a payload together: numbers little-endian, texts with their length before them.
package struct PayloadWriter: Sendable {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  /// Adds a number.
  package mutating func put(_ number: some FixedWidthInteger) {
    for shift in stride(from: 0, to: number.bitWidth, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }

  /// Adds a text of at most 65,535 bytes; what is longer is cut.
  package mutating func put(_ text: String) {
    let utf8 = Array(text.utf8.prefix(Int(UInt16.max)))
    put(UInt16(utf8.count))
    bytes += utf8
  }

  /// Adds the name of an object.
  package mutating func put(_ name: ObjectName) { put(name.path) }

  /// Adds bytes as they are.
  package mutating func put(_ raw: [UInt8]) { bytes += raw }
}
