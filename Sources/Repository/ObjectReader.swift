package import AgeFormat
import SecretMemory
import Vocabulary

/// Reads objects and believes them only when they are what the signed ledger says.
package struct ObjectReader: Sendable {
  package let store: any BlobStore
  package let needed: NeededSet

  package init(store: any BlobStore, needed: NeededSet) {
    self.store = store
    self.needed = needed
  }

  /// Reads a whole object.
  ///
  /// - Throws: `object.unlisted`, `object.missing`, `object.size`, `object.digest`; all of status
  ///   `mismatch`, the object named.
  package func read(_ name: ObjectName) throws -> [UInt8] {
    let facts = try facts(name)
    // Looked at first: an object blown up by somebody must not be taken into memory.
    try ObjectCheck.compareSize(name, facts, try size(of: name))
    let bytes = try store.read(name, 0..<facts.size)
    try ObjectCheck.compareDigest(name, facts, SHA256Hasher.digest(of: bytes))
    return bytes
  }

  /// Checks an object without keeping it.
  package func check(_ name: ObjectName) throws {
    try ObjectCheck.run(name, facts(name), in: store)
  }

  /// Opens an object that is an age file.
  package func open(_ name: ObjectName, with identities: [any Identity]) throws -> [UInt8] {
    let file = try read(name)
    do {
      return try file.withBytes { try AgeFile.open($0, with: identities) }
    } catch AgeError.noIdentityMatches {
      throw AgeError.noIdentityMatches
    } catch {
      throw OperatorError("object.damaged", .mismatch, "\(name) cannot be opened: \(error)")
    }
  }

  /// Opens an object that is an age file, and lends its plaintext piece by piece, in bounded memory.
  ///
  /// Whose plaintext it is, is known only when this has returned: nothing that was lent may count
  /// before.
  ///
  /// - Throws: as `read` and `open`, and what `take` throws. That an object is not what the ledger says
  ///   goes before all else.
  package func open(
    _ name: ObjectName, with identities: [any Identity], _ take: (RawSpan) throws -> Void
  ) throws {
    let facts = try facts(name)
    try ObjectCheck.compareSize(name, facts, try size(of: name))
    var hasher = SHA256Hasher()
    var file = ArrivingAgeFile(identities: identities)
    var failure: (any Error)?
    func attempt(_ work: () throws -> Void) {
      guard failure == nil else { return }
      do { try work() } catch { failure = error }
    }
    try store.stream(name) { bytes in
      hasher.update(bytes)
      attempt { try file.feed(bytes, take) }
    }
    try ObjectCheck.compareDigest(name, facts, hasher.finish())
    do {
      if let failure { throw failure }
      try file.finish(take)
    } catch let error as AgeError where error != .noIdentityMatches {
      throw OperatorError("object.damaged", .mismatch, "\(name) cannot be opened: \(error)")
    }
  }

  /// Opens an index, and hands on its packs, in bounded memory; as in `open`, none of them may count
  /// before this has returned.
  ///
  /// - Throws: as `open`, `index.damaged`, and what `take` throws.
  package func openIndex(
    _ name: ObjectName, with identities: [any Identity], _ take: (PackDescription) throws -> Void
  ) throws {
    var parser = IndexParser()
    try open(name, with: identities) { try parser.feed($0, take) }
    try parser.finish(take)
  }

  private func facts(_ name: ObjectName) throws -> NeededSet.Facts {
    guard let facts = needed.objects[name] else {
      throw OperatorError(
        "object.unlisted", .untrusted, "\(name) is not in the signed ledger for this snapshot")
    }
    return facts
  }

  private func size(of name: ObjectName) throws -> Int {
    guard let size = try store.size(of: name) else {
      throw OperatorError(
        "object.missing", .mismatch, "\(name) is missing",
        hint: "fetch it from another copy of the store")
    }
    return size
  }
}
