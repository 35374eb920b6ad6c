import Vocabulary

/// The right to write to a store under one writer's name; one process at a time has it.
///
/// It ends with `release`, and with its owner, also by SIGKILL: at once, or when it lapses where a
/// kind of store can do no better.
package protocol WriterLease: AnyObject {
  /// Gives the right back.
  func release()
}

/// An object that was written and has no name yet; it goes away with its last owner, unless it is kept.
package protocol StagedObject: Sendable {
  /// Gives it its name, whole or not at all, durable when the call returns; called once.
  ///
  /// - Throws: `object.exists` where the name is taken.
  func keep(as name: ObjectName) throws
}

/// Where objects lie: whole objects put at once, ranges read, listed, removed; no more than S3 has.
///
/// Every implementation passes the one contract suite in `Tests/StoresTests`.
/// Errors are `OperatorError`: `store.missing`, `object.missing`, `object.exists`, `object.short`,
/// `object.not-a-file`, `store.full`, `store.failed`,
/// `run.locked`; `store.unreachable`, `store.protocol` and `store.add-only` where a store is another machine's.
package protocol BlobStore: Sendable {
  /// How an operator would name this store.
  var location: String { get }

  /// Makes the place ready, and removes what this writer's crashed runs left under temporary names.
  ///
  /// - Returns: the writer's right to the store, to be held while anything is written.
  /// - Throws: `run.locked` where another process has it.
  func prepareForWriting() throws -> any WriterLease

  /// Keeps a new object, whole or not at all, durable when the call returns.
  ///
  /// - Throws: `object.exists` where the name is taken.
  func put(_ name: ObjectName, _ bytes: RawSpan) throws

  /// Writes an object whose name is known only once its bytes are.
  ///
  /// - Parameter write: hands its bytes to `take`, from one thread at a time, not always the same.
  /// - Returns: the object, to be given its name.
  /// - Throws: what `write` throws; nothing is left then.
  func stage(
    _ write: (_ take: @escaping @Sendable (RawSpan) throws -> Void) throws -> Void
  ) throws -> any StagedObject

  /// Keeps several new objects that belong together, in their order, as nearly at once as can be.
  ///
  /// All are durable when the call returns. A crash, or a name that is taken, leaves those before it.
  ///
  /// - Throws: `object.exists` where a name is taken; what it holds stays.
  func putTogether(_ objects: [(name: ObjectName, bytes: [UInt8])]) throws

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

  /// Removes an object; it is no error where there is none.
  func remove(_ name: ObjectName) throws
}

extension BlobStore {
  /// Keeps a new object whose bytes come one after the other, whole or not at all, as `stage` takes them.
  ///
  /// - Throws: `object.exists` where the name is taken, and what `write` throws; nothing is left then.
  package func put(
    _ name: ObjectName,
    from write: (_ take: @escaping @Sendable (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try stage(write).keep(as: name)
  }

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
  func read(_ name: ObjectName, atMost limit: Int) throws -> [UInt8] {
    if let size = try size(of: name), size > limit {
      throw OperatorError(
        "object.too-large", .mismatch, "\(name) is \(size) bytes long, and nothing of its kind is",
        hint: "it is damaged or forged; fetch it from another copy of the store")
    }
    return try read(name, nil)
  }
}
