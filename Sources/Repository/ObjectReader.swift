package import AgeFormat
import SecretMemory
package import Vocabulary

/// Reads objects and believes them only when they are what the signed ledger says.
///
/// An object that an officer rewrapped is what the ledger says with the header in front that its new one
/// carries; `CarriedHeader`.
package struct ObjectReader: Sendable {
  package let store: any BlobStore
  package let needed: NeededSet
  private let rewraps: RewrapLedger?

  /// Prepares to read.
  ///
  /// - Parameters:
  ///   - store: the store.
  ///   - needed: what the objects must be.
  ///   - rewraps: what officers say they rewrapped, for checks of what no identity opens.
  package init(store: any BlobStore, needed: NeededSet, rewraps: RewrapLedger? = nil) {
    (self.store, self.needed, self.rewraps) = (store, needed, rewraps)
  }

  /// Checks an object without keeping it.
  ///
  /// - Parameters:
  ///   - name: the object.
  ///   - identities: open what was rewrapped; what they do not open, a known officer must vouch for.
  /// - Throws: `object.unlisted`, `object.missing`, `object.size`, `object.digest`, of status `mismatch`,
  ///   the object named; `object.rewrapped`, of status `partly`, where nobody known vouches for it.
  package func check(_ name: ObjectName, with identities: [any Identity] = []) throws {
    let facts = try facts(name)
    do {
      try ObjectCheck.run(name, facts, in: store)
    } catch let problem as OperatorError
      where name.isRewrappable && ["object.size", "object.digest"].contains(problem.code)
    {
      try checkRewrapped(name, with: identities, otherwise: problem)
    }
  }

  /// Reads the header of a pack.
  ///
  /// - Throws: `object.unlisted`, `object.missing`, `object.size`, `object.digest`; of a header that was
  ///   rewrapped `AgeError.noIdentityMatches` where none of the identities opens it.
  package func header(
    ofPack pack: SHA256Digest, with identities: [any Identity]
  ) throws -> AgeHeader {
    let name = ObjectName.packHeader(pack)
    let facts = try facts(name)
    // Looked at first: an object blown up by somebody must not be taken into memory.
    let size = try size(of: name)
    guard size == facts.size || size <= AgeHeader.maximumSize else {
      throw ObjectCheck.sizeProblem(name, facts, size)
    }
    let bytes = try store.read(name, 0..<size)
    let found = NeededSet.Facts(size: size, sha256: SHA256Hasher.digest(of: bytes))
    if found == facts { return try AgeHeader(parsing: bytes) }
    do {
      let header = try AgeHeader(parsing: bytes)
      let carried = try CarriedHeader(in: header, under: header.fileKey(for: identities))
      if let carried, header.bytes.count == size,
        SHA256Hasher.digest(of: carried.bytes) == facts.sha256
      {
        return header
      }
    } catch AgeError.noIdentityMatches where rewraps?[name] != nil {
      throw AgeError.noIdentityMatches
    } catch is AgeError {}
    throw ObjectCheck.problem(name, facts, found)
  }

  /// Opens an object that is an age file.
  ///
  /// - Throws: as the other `open`.
  package func open(_ name: ObjectName, with identities: [any Identity]) throws -> [UInt8] {
    var plaintext: [UInt8] = []
    try open(name, with: identities) { plaintext.append($0) }
    return plaintext
  }

  /// Opens an object that is an age file, and lends its plaintext piece by piece, in bounded memory.
  ///
  /// Whose plaintext it is, is known only when this has returned: nothing that was lent may count
  /// before.
  ///
  /// - Throws: `object.unlisted`, `object.missing`, `object.size`, `object.digest`, `object.damaged`, all
  ///   of status `mismatch`, the object named; `AgeError.noIdentityMatches`; and what `take` throws. That
  ///   an object is not what the ledger says goes before all else.
  package func open(
    _ name: ObjectName, with identities: [any Identity], _ take: (RawSpan) throws -> Void
  ) throws {
    let facts = try facts(name)
    let size = try size(of: name)
    guard size <= facts.size + AgeHeader.maximumSize else {
      throw ObjectCheck.sizeProblem(name, facts, size)
    }
    let raw = MeasuringSink { _ in }
    var file = ArrivingAgeFile(identities: identities)
    var failure: (any Error)?
    func attempt(_ work: () throws -> Void) {
      guard failure == nil else { return }
      do { try work() } catch { failure = error }
    }
    try store.stream(name) { bytes in
      try raw.write(bytes)
      attempt { try file.feed(bytes, take) }
    }
    let found = raw.facts()
    if found != facts, file.signedFacts() != facts {
      // What was rewrapped for others is known by its name alone; `check` says whose word that is.
      if failure as? AgeError == .noIdentityMatches, rewraps?[name] != nil {
        throw AgeError.noIdentityMatches
      }
      throw ObjectCheck.problem(name, facts, found)
    }
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

  private func checkRewrapped(
    _ name: ObjectName, with identities: [any Identity], otherwise problem: OperatorError
  ) throws {
    let generation = rewraps?[name]
    if let generation, generation.isVouchedFor,
      (try? ObjectCheck.run(name, generation.facts, in: store)) != nil
    {
      return
    }
    do {
      if let pack = name.headedPack {
        _ = try header(ofPack: pack, with: identities)
      } else {
        try open(name, with: identities) { _ in }
      }
    } catch AgeError.noIdentityMatches where generation?.isVouchedFor == false {
      throw OperatorError(
        "object.rewrapped", .partly,
        "\(name) was rewrapped by an officer whose key was not given, and no identity opens it: it "
          + "was not checked",
        hint: "name the officer's public key, his record.pub, with --officer")
    } catch is AgeError {
      throw problem
    }
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
