import Repository
import SecretMemory
import StoreWire

/// Objects that are to be kept together, in memory until all of them are there.
struct ArrivingGroup {
  /// An entry and its signature.
  private static let mostObjects = 2

  let number: UInt32
  private(set) var objects: [(name: ObjectName, bytes: [UInt8])] = []
  private var awaited: [Int] = []

  /// Reads which objects will come, and how long they are.
  ///
  /// - Throws: `WireError.malformed`, also for more than an entry and its signature can be.
  init(_ reader: inout PayloadReader, number: UInt32) throws {
    self.number = number
    let count = Int(try reader.number(UInt16.self))
    guard count <= Self.mostObjects else { throw WireError.malformed }
    for _ in 0..<count {
      objects.append((try reader.name(), []))
      let size = Int(truncatingIfNeeded: try reader.number(UInt64.self))
      guard (0...LedgerLink.largestEntry).contains(size) else { throw WireError.malformed }
      awaited.append(size)
    }
    try reader.end()
  }

  /// Whether all of them are there.
  var isWhole: Bool { awaited.allSatisfy { $0 == 0 } }

  /// Takes the next bytes; no frame holds those of two objects.
  ///
  /// - Throws: `WireError.malformed` where there are more than was said.
  mutating func add(_ bytes: [UInt8]) throws {
    guard let place = awaited.firstIndex(where: { $0 > 0 }), bytes.count <= awaited[place] else {
      throw WireError.malformed
    }
    objects[place].bytes += bytes
    awaited[place] -= bytes.count
  }
}
