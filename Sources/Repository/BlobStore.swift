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

  /// Gives it a name that another object may have, durably; that one is gone then, and not before.
  ///
  /// - Throws: `store.add-only` where only a keeper may do so.
  func keep(inPlaceOf name: ObjectName) throws
}

extension StagedObject {
  /// Refuses, as a store does that hosts only add to.
  package func keep(inPlaceOf name: ObjectName) throws {
    throw OperatorError(
      "store.add-only", .refused, "nothing takes the place of \(name) from here",
      hint: "only the store's keeper changes what is there, with coffer-store")
  }
}

/// Where objects lie: whole objects put at once, ranges read, listed, removed; no more than S3 has.
///
/// Every implementation passes the one contract suite in `Tests/StoresTests`.
/// Errors are `OperatorError`: `store.missing`, `object.missing`, `object.exists`, `object.short`,
/// `object.not-a-file`, `store.full`, `store.failed`,
/// `run.locked`; `store.unreachable`, `store.protocol` and `store.add-only` where a store is another machine's.
package protocol BlobStore: BlobSource {
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

  /// Keeps an object in place of what has its name, as `put` keeps a new one.
  ///
  /// - Throws: what `write` throws; what had the name has it still then.
  package func replace(
    _ name: ObjectName,
    from write: (_ take: @escaping @Sendable (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try stage(write).keep(inPlaceOf: name)
  }
}
