import Vocabulary

/// Where objects can be read: a store, or what carries a part of one.
package protocol BlobSource: Sendable {
  /// How an operator would name this place.
  var location: String { get }

  /// Reads a range of an object, or all of it.
  ///
  /// - Throws: `object.missing`, or `object.short` where the object ends before the range.
  func read(_ name: ObjectName, _ range: Range<Int>?) throws -> [UInt8]

  /// Lends an object piece by piece, in order, for checks that must not hold it in memory.
  func stream(_ name: ObjectName, _ consume: (RawSpan) throws -> Void) throws

  /// The length of an object in bytes, or nil where there is none.
  func size(of name: ObjectName) throws -> Int?

  /// The lengths of many objects, in their order, as `size(of:)` gives them one by one.
  func sizes(of names: [ObjectName]) throws -> [Int?]

  /// Says which small objects will be read next, whole and in this order, so that a store that is far away
  /// can have them come.
  func expectReading(of names: [ObjectName]) throws

  /// The last components of all names directly under a folder such as `ledger/<host>`, sorted.
  func list(_ folder: String) throws -> [String]
}

extension BlobSource {
  /// Asks for one after the other, which costs little where a store is near.
  package func sizes(of names: [ObjectName]) throws -> [Int?] {
    try names.map(size)
  }

  /// Does nothing, where a store is near.
  package func expectReading(of names: [ObjectName]) throws {}

  /// Reads a whole object.
  package func read(_ name: ObjectName) throws -> [UInt8] {
    try read(name, nil)
  }

  /// Reads a whole object whose size nobody has signed for, unless it is larger than any of its kind.
  ///
  /// - Throws: `object.missing`, or `object.too-large`.
  package func read(_ name: ObjectName, atMost limit: Int) throws -> [UInt8] {
    if let size = try size(of: name), size > limit {
      throw OperatorError(
        "object.too-large", .mismatch, "\(name) is \(size) bytes long, and nothing of its kind is",
        hint: "it is damaged or forged; fetch it from another copy of the store")
    }
    return try read(name, nil)
  }
}
